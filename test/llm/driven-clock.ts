import { setImmediate as nextRound } from "node:timers/promises";
import type { Clock } from "../../src/base/clock.ts";

/** Pauses up to here pass by themselves; longer ones are limits, which pass only while somebody works. */
const SHORT_MS = 5_000;

/**
 * A clock that a stand-in's work drives: whoever works lets time pass, and what waits for it is woken in order.
 * A server that reads for minutes is played in no time, and a machine under load changes nothing.
 */
export const createDrivenClock = () => {
  let nowMs = Date.parse("2026-12-01T00:00:00Z");
  const startMs = nowMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const passTo = (atMs: number): void => {
    nowMs = Math.max(nowMs, atMs);
    for (const sleeper of [...sleepers].toSorted((one, other) => one.atMs - other.atMs)) {
      if (sleeper.atMs > nowMs) break;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
  };
  const clock: Clock = {
    now: () => nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      if (ms <= SHORT_MS) {
        await nextRound();
        signal?.throwIfAborted();
        return passTo(nowMs + ms);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { atMs: nowMs + ms, wake: resolve };
      const leave = (): void => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", leave, { once: true });
      try {
        await promise;
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },
  };
  return {
    clock,
    /** Works for so long, in milliseconds. */
    work: async (ms: number): Promise<void> => {
      const endMs = nowMs + ms;
      // Limits that end within it are noticed where they end.
      do {
        passTo(Math.min(endMs, ...[...sleepers].map(({ atMs }) => atMs)));
        await nextRound();
      } while (clock.now() < endMs);
    },
    /** How much time has passed, in milliseconds. */
    passedMs: () => nowMs - startMs,
  };
};
