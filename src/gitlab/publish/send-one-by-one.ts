import { GitLabError } from "../../base/errors.ts";
import type { ThreadOutcome } from "../../review/discussion.ts";
import { fetchDiscussions } from "../fetch-discussions.ts";
import { toRestPosition } from "../rest-position.ts";
import { Created, Written } from "../rest-schema.ts";
import { writeOnce } from "../write-once.ts";
import { type Item, findPublished } from "./item.ts";
import { type Target, isRefusal, writing } from "./target.ts";

const DISCUSSIONS = "/projects/:id/merge_requests/:iid/discussions";

/**
 * Sends items one after the other, each of which is a notification of its own.
 *
 * @see https://docs.gitlab.com/api/discussions/
 */
export const sendOneByOne = async (
  target: Target,
  items: readonly Item[],
): Promise<ReadonlyMap<string, ThreadOutcome>> => {
  const outcomes = new Map<string, ThreadOutcome>();
  for (const item of items) outcomes.set(item.marker, await sendOne(target, item));
  return outcomes;
};

/** Sends one thread or reply. */
export const sendOne = async (target: Target, item: Item): Promise<ThreadOutcome> => {
  let noteId: number | null;
  try {
    const { value } = await writeOnce<{ readonly noteId: number | null }>(
      () => target.client.json(requestOf(target, item), Written),
      async () => {
        const discussions = await fetchDiscussions(target, target.ref, target.signal);
        return findPublished(item, discussions);
      },
      writing(target, item.discussionId === null ? "thread" : "reply"),
    );
    ({ noteId } = value);
    if (noteId !== null) await target.own.keep(target.ref, [noteId]);
  } catch (error) {
    const isGone =
      item.discussionId !== null && error instanceof GitLabError && error.code === "gitlab-not-found";
    if (isGone || isRefusal(error)) return { kind: "refused", reason: error.message };
    throw error;
  }
  if (item.discussionId !== null && item.resolve) await resolveThread(target, item.discussionId);
  return { kind: "published", noteId };
};

const requestOf = ({ params, signal }: Target, { discussionId, position, body }: Item) =>
  discussionId === null
    ? ({
        method: "POST",
        route: DISCUSSIONS,
        params,
        body: { body, ...(position === null ? {} : { position: toRestPosition(position) }) },
        signal,
      } as const)
    : ({
        method: "POST",
        route: `${DISCUSSIONS}/:discussion/notes`,
        params: { ...params, discussion: discussionId },
        body: { body },
        signal,
      } as const);

/**
 * Resolves a thread; doing it twice does no harm. GitLab lets Developers and the author of the merge
 * request do it: that we may not is logged, the reply says what there is to say.
 */
export const resolveThread = async (target: Target, discussionId: string): Promise<void> => {
  const { client, params, logger, signal } = target;
  const request = {
    method: "PUT",
    route: `${DISCUSSIONS}/:discussion`,
    params: { ...params, discussion: discussionId },
    body: { resolved: true },
    signal,
  } as const;
  try {
    await writeOnce(
      () => client.json(request, Created),
      async () => undefined,
      writing(target, "resolving"),
    );
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable || error.code === "gitlab-unauthorized")
      throw error;
    logger.warn({ ...params, discussionId, code: error.code }, "Thread could not be resolved");
  }
};
