import { ApiError, recordNotFound } from "./answers.ts";
import type { Context } from "./context.ts";
import { createNote, mayResolveDiscussion, setResolved } from "./noting.ts";
import { validatePosition } from "./positions.ts";
import type { PositionInput } from "./positions.ts";
import type { DraftNote, MergeRequest, Position, User } from "./state.ts";
import { submitReview } from "./transitions.ts";

/** A comment of a review that is not yet submitted. */
export type DraftInput = {
  readonly note: string;
  readonly position: PositionInput | null;
  readonly discussionId: string | null;
  readonly resolveDiscussion: boolean;
};

const invalid = (field: string, ...messages: readonly string[]): ApiError =>
  new ApiError(400, { message: { [field]: messages } });

/**
 * Validates a draft's position. A position that is incomplete or of a wrong shape is refused (stricter than
 * GitLab); a line that is not in the diff is taken with no line code, as GitLab does, and its draft is
 * dropped without a word when it is published.
 */
export const validateDraftPosition = async (
  context: Context,
  mergeRequest: MergeRequest,
  input: PositionInput | null,
): Promise<{ readonly position: Position | null; readonly lineCode: string | null }> => {
  if (input === null) return { position: null, lineCode: null };
  const verdict = await validatePosition(context.world, mergeRequest, input);
  if (verdict.ok) return verdict;
  if (verdict.errors.includes("line_code")) return { position: asGiven(input), lineCode: null };
  throw invalid(
    "position",
    verdict.errors.includes("incomplete") ? "is incomplete" : "must be a valid json schema",
  );
};

const asGiven = (input: PositionInput): Position => ({
  base_sha: input.base_sha,
  start_sha: input.start_sha,
  head_sha: input.head_sha,
  old_path: input.old_path ?? "",
  new_path: input.new_path ?? "",
  position_type: input.position_type,
  old_line: input.old_line ?? null,
  new_line: input.new_line ?? null,
  line_range: null,
});

/**
 * Keeps a draft. GitLab allows one draft of a user for each discussion; a thread that is not there is
 * `Thread to reply to cannot be found`, and one that the user may not resolve is refused when it should be.
 */
export const createDraft = async (
  context: Context,
  mergeRequest: MergeRequest,
  author: User,
  input: DraftInput,
): Promise<DraftNote> => {
  if (input.note.trim() === "") throw invalid("note", "can't be blank");
  const { discussionId } = input;
  if (discussionId !== null) {
    if (!mergeRequest.discussions.some((discussion) => discussion.id === discussionId)) {
      throw invalid("base", "Thread to reply to cannot be found");
    }
    const taken = mergeRequest.drafts.some(
      (draft) => draft.author.id === author.id && draft.discussionId === discussionId,
    );
    if (taken) throw invalid("author_id", "has already been taken");
  }
  if (input.resolveDiscussion && !mayResolve(mergeRequest, author, discussionId))
    throw invalid("base", "User is not allowed to resolve thread");
  const placed = await validateDraftPosition(context, mergeRequest, input.position);
  const draft: DraftNote = {
    id: context.world.nextId("draft"),
    author,
    note: input.note,
    position: placed.position,
    lineCode: placed.lineCode,
    discussionId,
    resolveDiscussion: input.resolveDiscussion,
  };
  mergeRequest.drafts.push(draft);
  return draft;
};

const mayResolve = (mergeRequest: MergeRequest, user: User, discussionId: string | null): boolean => {
  const discussion = mergeRequest.discussions.find(({ id }) => id === discussionId);
  return discussion !== undefined && mayResolveDiscussion(mergeRequest, user, discussion);
};

/** The user's own draft; drafts of others are not there. */
export const findDraft = (mergeRequest: MergeRequest, user: User, id: number): DraftNote => {
  const found = mergeRequest.drafts.find((draft) => draft.id === id && draft.author.id === user.id);
  if (found === undefined) throw recordNotFound();
  return found;
};

/** What a draft becomes; nothing where GitLab's model refuses the note, which drops the draft. */
const noteOf = async (context: Context, mergeRequest: MergeRequest, draft: DraftNote) => {
  try {
    return await createNote(context, mergeRequest, draft.author, {
      body: draft.note,
      quiet: true,
      place:
        draft.discussionId === null
          ? { kind: "thread", position: draft.position }
          : { kind: "reply", discussionId: draft.discussionId },
    });
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
};

const publishOne = async (
  context: Context,
  mergeRequest: MergeRequest,
  draft: DraftNote,
): Promise<readonly number[]> => {
  const outcome = await noteOf(context, mergeRequest, draft);
  mergeRequest.drafts = mergeRequest.drafts.filter((other) => other !== draft);
  if (outcome?.kind !== "note") return [];
  // An answer that is not to resolve its thread opens it.
  const { discussion, note } = outcome;
  const resolves = draft.resolveDiscussion && mayResolveDiscussion(mergeRequest, draft.author, discussion);
  if (draft.discussionId !== null) setResolved(context, mergeRequest, draft.author, discussion, resolves);
  return [note.id];
};

/** Publishes drafts as one review with one notification, and sets the reviewer's state. */
export const publishDrafts = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  drafts: readonly DraftNote[],
  review: { readonly note?: string | undefined; readonly state?: "reviewed" | "approved" | undefined } = {},
): Promise<void> => {
  const noteIds: number[] = [];
  for (const draft of drafts) noteIds.push(...(await publishOne(context, mergeRequest, draft)));
  if (review.note !== undefined) {
    const place = { kind: "individual" } as const;
    const outcome = await createNote(context, mergeRequest, user, { body: review.note, quiet: true, place });
    if (outcome.kind === "note") noteIds.push(outcome.note.id);
  }
  if (noteIds.length > 0) {
    context.world.notifications.push({
      kind: "review",
      projectId: mergeRequest.project.id,
      iid: mergeRequest.iid,
      author: user.username,
      noteIds,
    });
  }
  await submitReview(context, mergeRequest, user, review.state);
};
