import type { Clock } from "../base/clock.ts";

/** How long threads and processes are kept ready without work, in milliseconds: longer than most model calls. */
const IDLE_MS = 5 * 60_000;

/** Knows when something has had no work for a time. */
export type IdleRelease = Disposable & {
  /** Marks the start of work; the function that it gives marks its end. */
  readonly begin: () => () => void;
};

/**
 * Calls `release` once when five minutes have passed since the last work ended, and again after later work. Waiting
 * for that keeps no process alive; disposing of it ends the wait.
 */
export const createIdleRelease = (clock: Clock, release: () => void): IdleRelease => {
  let underWay = 0;
  let waiting: AbortController | null = null;

  const stopWaiting = (): void => {
    const ended = waiting;
    waiting = null;
    ended?.abort();
  };
  const wait = async (): Promise<void> => {
    const own = new AbortController();
    waiting = own;
    // Only `stopWaiting` rejects it.
    await clock.sleep(IDLE_MS, own.signal, { ref: false }).catch(() => undefined);
    if (waiting !== own) return;
    waiting = null;
    release();
  };

  return {
    begin: () => {
      underWay += 1;
      stopWaiting();
      return () => {
        underWay -= 1;
        if (underWay === 0) void wait();
      };
    },
    [Symbol.dispose]: () => {
      underWay = Number.POSITIVE_INFINITY;
      stopWaiting();
    },
  };
};
