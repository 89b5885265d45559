import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MergeRequestRef, NoteReactions, Reaction } from "../review/forge.ts";
import { type DiscussionReader, toNote } from "./fetch-discussions.ts";
import type { GitLabClient } from "./client.ts";
import { Note, User } from "./rest-schema.ts";

/** GitLab answers 404 for a reaction that is there already. */
const TAKEN = /already been taken/i;

const Award = z.object({ id: z.int(), name: z.string(), user: User.nullish() });

type Decoration = { readonly logger: Logger; readonly signal: AbortSignal | undefined };

const placeOf = ({ projectId: id, iid }: MergeRequestRef, { noteId }: Pick<Reaction, "noteId">) => {
  const at = "/projects/:id/merge_requests/:iid";
  return noteId === null
    ? { params: { id, iid }, route: `${at}/award_emoji` }
    : { params: { id, iid, note: noteId }, route: `${at}/notes/:note/award_emoji` };
};

/**
 * Reads a note of a merge request with the reactions on it; null when it is gone, or stands elsewhere.
 *
 * @see https://docs.gitlab.com/api/emoji_reactions/#list-all-reactions-for-a-comment
 */
export const fetchReactions = async (
  { client, own }: DiscussionReader,
  ref: MergeRequestRef,
  noteId: number,
  signal?: AbortSignal,
): Promise<NoteReactions | null> => {
  const { params, route } = placeOf(ref, { noteId });
  try {
    const noteRoute = "/projects/:id/merge_requests/:iid/notes/:note";
    const note = await client.json({ route: noteRoute, params, signal }, Note);
    const awards = await client.pages({ route, params, query: { per_page: 100 }, signal }, Award);
    return {
      note: toNote(note, await own.recognise(ref, [note], signal)),
      reactions: awards.map(({ name, user }) => ({ emoji: name, user: user ?? null })),
    };
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return null;
    throw error;
  }
};

/**
 * Sets a reaction on a merge request or a note of it; see Forge. It only decorates: a failure is logged.
 *
 * @see https://docs.gitlab.com/api/emoji_reactions/#add-reactions-to-comments
 */
export const react = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  reaction: Reaction,
  { logger, signal }: Decoration,
): Promise<{ readonly awardId: number | null } | null> => {
  const { params, route } = placeOf(ref, reaction);
  const { emoji } = reaction;
  try {
    const { id } = await client.json({ method: "POST", route, params, body: { name: emoji }, signal }, Award);
    return { awardId: id };
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (error.code === "gitlab-not-found" && TAKEN.test(error.said)) return { awardId: null };
    logger.info({ ...params, emoji, code: error.code }, "Reaction could not be set");
    // One whose answer was lost may be there.
    return error.retryable ? { awardId: null } : null;
  }
};

/** Takes a reaction of ours off again, unless it is gone; a failure is logged. False where it may be tried again. */
export const unreact = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  { awardId, ...reaction }: Reaction & { readonly awardId: number | null },
  {
    logger,
    signal,
    currentUser,
  }: Decoration & { readonly currentUser: () => Promise<{ readonly id: number }> },
): Promise<boolean> => {
  const { params, route } = placeOf(ref, reaction);
  const { emoji } = reaction;
  const remove = async (award: number): Promise<void> => {
    const named = {
      method: "DELETE",
      route: `${route}/:award`,
      params: { ...params, award },
      signal,
    } as const;
    await client.bytes(named);
  };
  try {
    if (awardId !== null && (await wasThere(() => remove(awardId)))) return true;
    // Its id is not known, or is that of one before it.
    const { id: userId } = await currentUser();
    const awards = await client.pages({ route, params, query: { per_page: 100 }, signal }, Award);
    for (const { id, name, user } of awards) if (name === emoji && user?.id === userId) await remove(id);
    return true;
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (error.code !== "gitlab-not-found")
      logger.info({ ...params, emoji, code: error.code }, "Reaction could not be taken off");
    // Of a GitLab that refuses our token it says nothing of this reaction.
    return !error.retryable && error.outside === undefined;
  }
};

/** False where GitLab has nothing of that name. */
const wasThere = async (remove: () => Promise<void>): Promise<boolean> => {
  try {
    await remove();
    return true;
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return false;
    throw error;
  }
};
