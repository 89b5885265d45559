import type { Clock } from "../base/clock.ts";

/** A fetch that notes the other side's time on the way. */
export type ClockComparison = {
  readonly fetch: typeof globalThis.fetch;
  /** How far our clock is ahead, in milliseconds; null before an answer told its time. */
  readonly skewMs: () => number | null;
};

/** The header `Date` is cut to whole seconds. */
const HALF_SECOND_MS = 500;

/** Compares our clock with the `Date` of each answer, taken to be made in the middle of the exchange; the last counts. */
export const compareClocks = (clock: Clock, fetch = globalThis.fetch): ClockComparison => {
  let skew: number | null = null;
  return {
    fetch: async (input, init) => {
      const startedMs = clock.now();
      const response = await fetch(input, init);
      const theirs = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(theirs)) skew = (startedMs + clock.now()) / 2 - (theirs + HALF_SECOND_MS);
      return response;
    },
    skewMs: () => skew,
  };
};
