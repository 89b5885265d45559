import { z } from "zod";
import type { Journal } from "../../base/journal.ts";

/** A note that asked for a review while one was under way. */
export type WaitingNote = { readonly noteId: number; readonly discussionId: string };

const WaitingNotes = z.array(z.object({ noteId: z.number(), discussionId: z.string() }));

const KEY = "waiting-notes";

/** More people than this do not wait for one review. */
const MOST = 20;

/** The notes that wait for the end of the review that is under way, in the memory of its merge request. */
export const readWaitingNotes = async (memory: Pick<Journal, "read">): Promise<readonly WaitingNote[]> => {
  const parsed = WaitingNotes.safeParse(await memory.read(KEY));
  return parsed.success ? parsed.data : [];
};

/** Adds a note; one that waits already is not added twice. */
export const addWaitingNote = async (memory: Journal, note: WaitingNote): Promise<void> => {
  const others = (await readWaitingNotes(memory)).filter(({ noteId }) => noteId !== note.noteId);
  await memory.write(KEY, [...others, note].slice(-MOST));
};

/** Forgets notes that were told how it ended; one that came meanwhile stays. */
export const dropWaitingNotes = async (memory: Journal, told: readonly WaitingNote[]): Promise<void> => {
  if (told.length === 0) return;
  const ids = new Set(told.map(({ noteId }) => noteId));
  await memory.write(
    KEY,
    (await readWaitingNotes(memory)).filter(({ noteId }) => !ids.has(noteId)),
  );
};
