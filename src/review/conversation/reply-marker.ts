import type { Discussion, Note } from "../discussion.ts";

const START = "<!-- reviewflow:reply ";

/**
 * The first line of our answer to a note, hidden from readers; finds the answer again after a crash. What
 * comes later of that answer, once it is known, has a marker of its own.
 */
export const replyMarker = (noteId: number, isLater = false): string =>
  `${START}note=${noteId}${isLater ? " later" : ""} -->`;

const isOurs = (note: Note, botId: number): boolean => note.authorId === botId && !note.system;

/** Whether we have a word in a thread, be it an answer or a finding. */
export const hasOurs = ({ notes }: Discussion, botId: number): boolean =>
  notes.some((note) => isOurs(note, botId));

/** Whether a note was answered in its thread. */
export const isAnswered = ({ notes }: Discussion, botId: number, noteId: number): boolean =>
  notes.some((note) => isOurs(note, botId) && note.body.startsWith(replyMarker(noteId)));

/** How many other notes of a thread we have answered there. */
export const countTurns = ({ notes }: Discussion, botId: number, noteId: number): number =>
  notes.filter(
    (note) =>
      isOurs(note, botId) && note.body.startsWith(START) && !note.body.startsWith(`${START}note=${noteId} `),
  ).length;
