import type { Clock } from "../../base/clock.ts";

/** Holds back who guesses. */
export type AttemptLimit = {
  /** Milliseconds until the next attempt of `who` is looked at; 0 for now. */
  readonly waitMs: (who: string) => number;
  /** Counts an attempt that was wrong. */
  readonly fail: (who: string) => void;
};

/** Wrong tokens a minute from one address. */
const MOST_ATTEMPTS = 10;

const WINDOW_MS = 60_000;
const MAX_KNOWN = 10_000;

/**
 * Takes `most` wrong attempts a minute from one address, and ten times as many from all together, since
 * addresses are cheap. What is remembered is bounded.
 */
export const createAttemptLimit = (clock: Clock, most: number): AttemptLimit => {
  const failures = new Map<string, readonly number[]>();
  let all: readonly number[] = [];
  const recent = (times: readonly number[]): readonly number[] =>
    times.filter((time) => time > clock.now() - WINDOW_MS);
  const wait = (times: readonly number[], limit: number): number => {
    const within = recent(times);
    const first = within[within.length - limit];
    return first === undefined ? 0 : Math.max(1, first + WINDOW_MS - clock.now());
  };
  return {
    waitMs: (who) => Math.max(wait(failures.get(who) ?? [], most), wait(all, 10 * most)),
    fail: (who) => {
      const now = clock.now();
      all = [...recent(all), now].slice(-10 * most);
      failures.set(who, [...recent(failures.get(who) ?? []), now].slice(-most));
      if (failures.size <= MAX_KNOWN) return;
      for (const [known, times] of failures) {
        if (recent(times).length === 0 || failures.size > MAX_KNOWN) failures.delete(known);
      }
    },
  };
};

/** The limit for the admin token, over everything that takes it. */
export const createAdminLimit = (clock: Clock): AttemptLimit => createAttemptLimit(clock, MOST_ATTEMPTS);
