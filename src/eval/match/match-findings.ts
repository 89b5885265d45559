import type { Expected } from "../set/eval-case.ts";
import { assign } from "./assign.ts";
import { lineDistance, overlapOf } from "./line-distance.ts";
import type { Reported } from "./reported.ts";

/** Something expected that was found; both by their index. */
export type Match = {
  readonly expected: number;
  readonly reported: number;
  /** In lines; null where the two are not in one place that can be compared. */
  readonly distance: number | null;
  /** Whether the lines are exactly the expected ones. */
  readonly isExact: boolean;
};

/** How a finding is known again. */
export type MatchRule = {
  /** How many lines may lie between a finding and what was expected. */
  readonly tolerance: number;
  /** Whether a judge holds the two for the same matter; null without one, so that places decide. */
  readonly isSame: ((expected: number, reported: number) => boolean) | null;
};

/** Stands for the distance of two that are in no comparable place, behind every real one. */
const ELSEWHERE = 1_000_000;

/**
 * Pairs what was expected with what was reported, each at most once, as many as there can be and of those
 * the nearest ones. By position: in the same file, on the same side, within the tolerance. With a judge: by
 * meaning alone, wherever it is.
 */
export const matchFindings = (
  expected: readonly Expected[],
  reported: readonly Reported[],
  { tolerance, isSame }: MatchRule,
): readonly Match[] => {
  const costs = expected.map((wanted, row) =>
    reported.map((found, column) => {
      const distance = lineDistance(wanted, found);
      if (isSame !== null) return isSame(row, column) ? costOf(wanted, found, distance) : null;
      return distance !== null && distance <= tolerance ? costOf(wanted, found, distance) : null;
    }),
  );
  return assign(costs).flatMap((column, row): readonly Match[] => {
    const [wanted, found] = [expected[row], column === null ? undefined : reported[column]];
    if (column === null || wanted === undefined || found === undefined) return [];
    const distance = lineDistance(wanted, found);
    return [{ expected: row, reported: column, distance, isExact: distance === 0 && isExact(wanted, found) }];
  });
};

/** Among findings at the same distance the one whose lines are most nearly the expected ones is the nearest. */
const costOf = (wanted: Expected, found: Reported, distance: number | null): number => {
  const overlap = wanted.lines === null || found.lines === null ? 1 : overlapOf(wanted.lines, found.lines);
  return Math.min(distance ?? ELSEWHERE, ELSEWHERE) + (1 - overlap) / 2;
};

const isExact = ({ lines: wanted }: Expected, { lines: found }: Reported): boolean =>
  wanted?.first === found?.first && wanted?.last === found?.last;
