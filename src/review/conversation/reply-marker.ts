import type { Discussion } from "../discussion.ts";

const START = "<!-- reviewflow:reply ";

/**
 * The first line of our answer to a note, hidden from readers; finds the answer again after a crash. What
 * comes later of that answer, once it is known, has a marker of its own.
 */
export const replyMarker = (noteId: number, isLater = false): string =>
  `${START}note=${noteId}${isLater ? " later" : ""} -->`;

/** Whether we have a word in a thread, be it an answer or a finding. */
export const hasOurs = ({ notes }: Discussion): boolean => notes.some(({ ours }) => ours !== null);

/** Whether a note was answered in its thread. */
export const isAnswered = ({ notes }: Discussion, noteId: number): boolean =>
  notes.some(({ ours, body }) => ours !== null && body.startsWith(replyMarker(noteId)));

/** How many other notes of a thread we have answered there. */
export const countTurns = ({ notes }: Discussion, noteId: number): number =>
  notes.filter(
    ({ ours, body }) =>
      ours !== null && body.startsWith(START) && !body.startsWith(`${START}note=${noteId} `),
  ).length;
