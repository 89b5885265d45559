import type { Json } from "./json.ts";

/**
 * The finished steps of one run. What was written is never asked for again: a run that is taken up
 * after a crash reads its journal and goes on behind it. `write` resolves when the entry is durable.
 */
export type Journal = {
  /** The value under `key`, or undefined when that step has not finished. */
  readonly read: (key: string) => Promise<Json | undefined>;
  /** Every entry whose key starts with `prefix`, in the order of writing. */
  readonly entries: (prefix: string) => Promise<ReadonlyMap<string, Json>>;
  /** Stores `value` under `key`, replacing what was there. */
  readonly write: (key: string, value: Json) => Promise<void>;
};

/** A journal in memory, for runs that need not survive their process (and for tests). */
export const createMemoryJournal = (): Journal => {
  const values = new Map<string, Json>();
  return {
    read: async (key) => values.get(key),
    entries: async (prefix) => new Map([...values].filter(([key]) => key.startsWith(prefix))),
    write: async (key, value) => {
      values.set(key, value);
    },
  };
};

/** A view of `journal` in which every key is put behind `prefix`, so that two users cannot collide. */
export const scopeJournal = (journal: Journal, prefix: string): Journal => ({
  read: (key) => journal.read(prefix + key),
  entries: async (inner) =>
    new Map(
      [...(await journal.entries(prefix + inner))].map(([key, value]) => [key.slice(prefix.length), value]),
    ),
  write: (key, value) => journal.write(prefix + key, value),
});
