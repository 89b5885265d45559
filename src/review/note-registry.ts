import type { MergeRequestRef } from "./forge.ts";

/**
 * The ids of the notes that we wrote, in whichever name: what is in it is ours whatever became of the user who wrote
 * it. Failures are StoreErrors. Both may be repeated.
 */
export type NoteRegistry = {
  readonly list: (ref: MergeRequestRef) => Promise<ReadonlySet<number>>;
  readonly add: (ref: MergeRequestRef, noteIds: readonly number[]) => Promise<void>;
};

/** Keeps nothing, where there is no store: then a note's author alone says whose it is. */
export const NO_NOTE_REGISTRY: NoteRegistry = { list: async () => new Set(), add: async () => undefined };
