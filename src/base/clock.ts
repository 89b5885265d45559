import { setTimeout as delay } from "node:timers/promises";

/** Time as a dependency, so that a test can hold it. */
export type Clock = {
  /** The present, in milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. With `ref` false the
   * process may end meanwhile.
   */
  readonly sleep: (ms: number, signal?: AbortSignal, options?: { readonly ref: boolean }) => Promise<void>;
};

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal, options) => {
    try {
      await delay(ms, undefined, { ...options, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
