import pRetry from "p-retry";
import type { Clock } from "./clock.ts";

/** How long the pauses between the attempts of a call are, in milliseconds. */
export type Pauses = { readonly baseMs: number; readonly maxMs: number };

/**
 * The pause after so many failures: it doubles from `baseMs` up to `maxMs`, with the upper half left to chance
 * (`random` in 0..1), so that those who failed together do not return together.
 */
export const pauseAfter = (failures: number, { baseMs, maxMs }: Pauses, random: number): number => {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
};

/** How a call is repeated. */
export type RetryBy = {
  /** The pause before the next attempt, in milliseconds; null where the failure is the call's. Counts from 1. */
  readonly pauseMs: (error: unknown, failures: number) => number | null;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
};

/**
 * The one way in which calls are repeated: makes the call until it succeeds or its policy gives up, and then throws
 * what the last attempt threw. An aborted signal ends the pauses, with its reason.
 */
export const retryBy = <T>(
  call: (attempt: number) => Promise<T>,
  { pauseMs, clock, signal }: RetryBy,
): Promise<T> =>
  pRetry(
    async (attempt) => {
      try {
        return { value: await call(attempt) };
      } catch (error) {
        // The policy alone decides what is repeated: the library keeps TypeErrors back, and unwraps errors of its own.
        const pause = pauseMs(error, attempt);
        if (pause === null) return { error };
        const aborted = await clock.sleep(pause, signal).then(
          () => null,
          (reason: unknown) => ({ error: reason }),
        );
        if (aborted !== null) return aborted;
        throw new Failed();
      }
    },
    { retries: Infinity, minTimeout: 0, maxTimeout: 0 },
  ).then((ended) => {
    if ("error" in ended) throw ended.error;
    return ended.value;
  });

/** An attempt that another follows. */
class Failed extends Error {}

/** How something is looked at until it has an answer. */
export type PollBy = Pick<RetryBy, "clock" | "signal"> & {
  /** The pause before the next look, in milliseconds; null gives up. */
  readonly pauseMs: () => number | null;
  /** The least pause after a look that failed, in milliseconds; null throws. Failures in a row count from 1. */
  readonly afterFailureMs?: (error: unknown, failures: number) => number | null;
};

/** Looks until there is an answer; null when that was given up. A look that fails by itself is made again, as `retryBy` does. */
export const pollBy = async <T>(
  look: () => Promise<T | null>,
  { pauseMs, afterFailureMs = () => null, clock, signal }: PollBy,
): Promise<T | null> => {
  let failures = 0;
  const lookOnce = async (): Promise<T> => {
    const seen = await look();
    failures = 0;
    if (seen === null) throw new NothingYet();
    return seen;
  };
  const pauseAfterLook = (error: unknown): number | null => {
    if (error instanceof NothingYet) return pauseMs();
    failures += 1;
    const leastMs = afterFailureMs(error, failures);
    const pause = leastMs === null ? null : pauseMs();
    return leastMs === null || pause === null ? null : Math.max(leastMs, pause);
  };
  try {
    return await retryBy(lookOnce, { pauseMs: pauseAfterLook, clock, signal });
  } catch (error) {
    if (error instanceof NothingYet) return null;
    throw error;
  }
};

/** A look without an answer. */
class NothingYet extends Error {}
