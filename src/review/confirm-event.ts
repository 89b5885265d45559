import type { EmojiEvent, MergeRequestEvent, NoteEvent } from "./delivery-event.ts";
import type { Discussion, Note } from "./discussion.ts";
import type { MergeRequest, NoteReactions } from "./forge.ts";
import { thumbOf } from "./lessons/outcome.ts";

/** What a payload says of the author of a note that has none any more. */
const NOBODY = { id: 0, username: "" };

/**
 * A note as the forge has it, in the place of what its event claimed: whoever may send events can write a payload.
 * Null where the note does not stand in that discussion of that merge request.
 */
export const confirmNote = (event: NoteEvent, thread: Discussion): NoteEvent | null => {
  const note = thread.notes.find(({ id }) => id === event.noteId);
  return note === undefined ? null : { ...event, ...factsOf(note, thread) };
};

const factsOf = ({ id, author, body, system }: Note, thread: Discussion) => ({
  user: author ?? NOBODY,
  text: body,
  system,
  discussionId: thread.id,
  standsAlone: thread.notes[0]?.id === id,
});

/**
 * A thumb as the forge has it, in the place of what its event claimed: the note, whether it is ours, and whether a
 * thumb of that direction by that user is on it now, which is all that is believed of giving and taking back.
 */
export const confirmEmoji = (event: EmojiEvent, { note, reactions }: NoteReactions): EmojiEvent => {
  const thumb = thumbOf(event.emoji);
  const given = reactions.find(
    ({ emoji, user }) => user?.id === event.user.id && thumbOf(emoji) === thumb,
  )?.user;
  return {
    ...event,
    user: given ?? event.user,
    action: given === undefined ? "revoke" : "award",
    note: {
      authorId: (note.author ?? NOBODY).id,
      body: note.body,
      system: note.system,
      ours: note.ours !== null,
    },
  };
};

/** What a note's event claimed of its merge request, put right by how it is now. */
export const confirmNoted = (event: NoteEvent, mergeRequest: MergeRequest): NoteEvent => ({
  ...event,
  url: `${mergeRequest.webUrl}#note_${event.noteId}`,
  headSha: mergeRequest.headSha,
  mergeRequest: {
    ...event.mergeRequest,
    ...shownBy(mergeRequest),
  },
});

/** What is taken from a merge request to put its event right. */
export type ConfirmedMergeRequest = Pick<
  MergeRequest,
  | "author"
  | "description"
  | "draft"
  | "headSha"
  | "labels"
  | "reviewerIds"
  | "sourceBranch"
  | "state"
  | "targetBranch"
  | "title"
  | "webUrl"
>;

/** What events of either kind say of a merge request, as it is now. */
const shownBy = (mergeRequest: ConfirmedMergeRequest) => ({
  state: mergeRequest.state,
  draft: mergeRequest.draft,
  title: mergeRequest.title,
  description: mergeRequest.description,
  url: mergeRequest.webUrl,
  authorId: mergeRequest.author.id,
  sourceBranch: mergeRequest.sourceBranch,
  targetBranch: mergeRequest.targetBranch,
  labels: mergeRequest.labels,
});

/**
 * What an event claimed of a merge request, put right by how it is now and by what was done before. What is left of
 * its own word is what happened: that something was opened, pushed, labelled or asked for, as far as the merge request
 * bears it out.
 */
export const confirmEvent = (
  event: MergeRequestEvent,
  mergeRequest: ConfirmedMergeRequest,
  targets: ReadonlyMap<string, ReadonlySet<string>> | undefined,
): MergeRequestEvent => {
  const { headSha, targetBranch } = mergeRequest;
  const isReviewer = (id: number): boolean => mergeRequest.reviewerIds.includes(id);
  return {
    ...event,
    ...shownBy(mergeRequest),
    headSha,
    labelsAdded: event.labelsAdded.filter((title) => mergeRequest.labels.includes(title)),
    reviewersAdded: event.reviewersAdded.filter(isReviewer),
    reviewersAskedAgain: event.reviewersAskedAgain.filter(isReviewer),
    becameReady: event.becameReady && !mergeRequest.draft,
    // What was done against the branch that it has now was done after it got that branch.
    retargeted: event.retargeted && targets?.get(headSha)?.has(targetBranch) !== true,
  };
};
