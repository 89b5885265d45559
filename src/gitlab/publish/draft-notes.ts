import { GitLabError } from "../../base/errors.ts";
import { fromRestPosition, isSamePosition, toRestPosition } from "../rest-position.ts";
import { isWrittenByUs } from "../own-notes.ts";
import { DraftNote } from "../rest-schema.ts";
import { isSameText } from "../upsert-note.ts";
import { writeOnce } from "../write-once.ts";
import type { Item } from "./item.ts";
import { type Target, isNotOffered, isRefusal, writing } from "./target.ts";
import { holdsMarker } from "../../review/publish/holds-marker.ts";

/** The route of a merge request's unpublished drafts. */
export const DRAFTS = "/projects/:id/merge_requests/:iid/draft_notes";

/**
 * Our unpublished drafts on the merge request; GitLab gives nobody else's. Null where it offers none.
 *
 * @see https://docs.gitlab.com/api/draft_notes/
 */
export const listDrafts = async ({
  client,
  params,
  signal,
}: Target): Promise<readonly DraftNote[] | null> => {
  try {
    return await client.pages({ route: DRAFTS, params, signal }, DraftNote);
  } catch (error) {
    if (isNotOffered(error)) return null;
    throw error;
  }
};

/** Whether we wrote a draft, and not the person whose token we were given. */
export const isOurs = ({ note, author_id: authorId }: DraftNote, { userId }: Target): boolean =>
  isWrittenByUs({ authorId, body: note }, userId);

/** Whether a draft is the item's, as it would be made now. */
export const isDraftOf = (draft: DraftNote, item: Item): boolean =>
  holdsMarker(draft.note, item.marker) &&
  isSameText(draft.note, item.body) &&
  (draft.discussion_id || null) === item.discussionId &&
  draft.resolve_discussion === item.resolve &&
  isSamePosition(fromRestPosition(draft.position), item.position);

/** Deletes a draft; one that is gone already is no failure. */
export const deleteDraft = async (
  { client, params, signal }: Target,
  { id }: Pick<DraftNote, "id">,
): Promise<void> => {
  try {
    await client.bytes({
      method: "DELETE",
      route: `${DRAFTS}/:draft`,
      params: { ...params, draft: id },
      signal,
    });
  } catch (error) {
    if (!(error instanceof GitLabError) || error.code !== "gitlab-not-found") throw error;
  }
};

/** What became of the creation of a draft. */
export type DraftCreation =
  /** `doubtful`: GitLab took it, but did not find its line, so that it would drop it unpublished. */
  | { readonly kind: "created" | "doubtful"; readonly draft: DraftNote }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "not-offered" };

/** Creates the item's draft once. */
export const createDraft = async (target: Target, item: Item): Promise<DraftCreation> => {
  const { client, params, signal } = target;
  const request = {
    method: "POST",
    route: DRAFTS,
    params,
    body: {
      note: item.body,
      ...(item.position === null ? {} : { position: toRestPosition(item.position) }),
      ...(item.discussionId === null ? {} : { in_reply_to_discussion_id: item.discussionId }),
      ...(item.resolve ? { resolve_discussion: true } : {}),
    },
    signal,
  } as const;
  try {
    const { value: draft } = await writeOnce(
      () => client.json(request, DraftNote),
      async () => (await listDrafts(target))?.find((one) => isDraftOf(one, item)),
      writing(target, "draft"),
    );
    // GitLab judges a line only when it publishes, and then drops the draft without a word; but it tells
    // here what it calls the line.
    const isFound = item.position?.on.kind !== "line" || draft.line_code !== "";
    return { kind: isFound ? "created" : "doubtful", draft };
  } catch (error) {
    if (isNotOffered(error)) return { kind: "not-offered" };
    if (!isRefusal(error)) throw error;
    if (item.resolve && /allowed to resolve/i.test(error.said)) {
      target.logger.warn({ ...params, discussionId: item.discussionId }, "Thread may not be resolved by us");
      return createDraft(target, { ...item, resolve: false });
    }
    return { kind: "refused", reason: error.message };
  }
};
