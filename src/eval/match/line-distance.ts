import type { Expected, LineRange } from "../set/eval-case.ts";
import type { Reported } from "./reported.ts";

/** How many lines lie between two ranges, and 0 where they touch the same line. */
const gapBetween = (one: LineRange, other: LineRange): number =>
  Math.max(0, one.first - other.last, other.first - one.last);

/**
 * How far a finding is from what was expected, in lines: 0 where they share one, and where both are about
 * the same file as a whole. Null where they cannot be compared: other files, other sides, or lines on one
 * of them only.
 */
export const lineDistance = (expected: Expected, reported: Reported): number | null => {
  if (expected.path !== reported.path) return null;
  if (expected.lines === null || reported.lines === null)
    return expected.lines === null && reported.lines === null ? 0 : null;
  return expected.side === reported.side ? gapBetween(expected.lines, reported.lines) : null;
};

/** How much of two ranges is the same, from 0 to 1 (both). */
export const overlapOf = (one: LineRange, other: LineRange): number => {
  const shared = Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1;
  const all = Math.max(one.last, other.last) - Math.min(one.first, other.first) + 1;
  return Math.max(0, shared) / all;
};
