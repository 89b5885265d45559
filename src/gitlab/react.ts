import { GitLabError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { Created } from "./rest-schema.ts";

/** GitLab answers 404 for a reaction that is there already. */
const TAKEN = /already been taken/i;

/**
 * Sets a reaction on a note of a merge request. It only decorates: a failure is logged and tells the caller
 * nothing.
 *
 * @see https://docs.gitlab.com/api/emoji_reactions/#add-reactions-to-comments
 */
export const react = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  { noteId, emoji }: { readonly noteId: number; readonly emoji: string },
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal | undefined },
): Promise<void> => {
  const params = { id: ref.projectId, iid: ref.iid, note: noteId };
  const route = "/projects/:id/merge_requests/:iid/notes/:note/award_emoji";
  try {
    await client.json({ method: "POST", route, params, body: { name: emoji }, signal }, Created);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (error.code === "gitlab-not-found" && TAKEN.test(error.message)) return;
    logger.info({ ...params, emoji, code: error.code }, "Reaction could not be set");
  }
};
