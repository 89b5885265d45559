import { ApiError, recordNotFound } from "./answers.ts";
import type { Context } from "./context.ts";
import { createNote, findDiscussion, resolveDiscussion } from "./noting.ts";
import { judgePosition } from "./positions.ts";
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

/** Judges a draft's position; a wrong one is refused when the draft is made. */
export const judgeDraftPosition = async (
  context: Context,
  mergeRequest: MergeRequest,
  input: PositionInput | null,
): Promise<{ readonly position: Position | null; readonly lineCode: string | null }> => {
  if (input === null) return { position: null, lineCode: null };
  const verdict = await judgePosition(context.world, mergeRequest, input);
  if (verdict.ok) return verdict;
  if (verdict.errors.includes("line_code")) {
    throw invalid("line_code", "can't be blank", "must be a valid line code");
  }
  throw invalid(
    "position",
    verdict.errors.includes("incomplete") ? "is incomplete" : "must be a valid json schema",
  );
};

/**
 * Keeps a draft. GitLab allows one draft of a user for each discussion; a thread that is not there is
 * `Thread to reply to cannot be found`.
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
  const placed = await judgeDraftPosition(context, mergeRequest, input.position);
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

/** The user's own draft; drafts of others are not there. */
export const findDraft = (mergeRequest: MergeRequest, user: User, id: number): DraftNote => {
  const found = mergeRequest.drafts.find((draft) => draft.id === id && draft.author.id === user.id);
  if (found === undefined) throw recordNotFound();
  return found;
};

const publishOne = async (
  context: Context,
  mergeRequest: MergeRequest,
  draft: DraftNote,
): Promise<readonly number[]> => {
  const outcome = await createNote(context, mergeRequest, draft.author, {
    body: draft.note,
    quiet: true,
    place:
      draft.discussionId === null
        ? { kind: "thread", position: draft.position }
        : { kind: "reply", discussionId: draft.discussionId },
  });
  mergeRequest.drafts = mergeRequest.drafts.filter((other) => other !== draft);
  if (draft.resolveDiscussion && draft.discussionId !== null) {
    resolveDiscussion(
      context,
      mergeRequest,
      draft.author,
      findDiscussion(mergeRequest, draft.discussionId),
      true,
    );
  }
  return outcome.kind === "note" ? [outcome.note.id] : [];
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
