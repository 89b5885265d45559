import type { ShadowFinding } from "./shadow-finding.ts";

/** Two findings about the same matter. */
export type MatchedPair = { readonly present: ShadowFinding; readonly candidate: ShadowFinding };

/** What two flows found in the same change. Each finding is in exactly one of the three. */
export type MatchedFindings = {
  readonly both: readonly MatchedPair[];
  readonly onlyPresent: readonly ShadowFinding[];
  readonly onlyCandidate: readonly ShadowFinding[];
};

/**
 * Pairs the findings of two flows, one to one: first those of the same fingerprint, then those of one file
 * whose lines overlap, the same category and the larger overlap first. Findings without lines are a match
 * when both are about the same file as a whole.
 */
export const matchFindings = (
  present: readonly ShadowFinding[],
  candidate: readonly ShadowFinding[],
): MatchedFindings => {
  const ranked = present
    .flatMap((left, leftIndex) =>
      candidate.flatMap((right, rightIndex) => {
        const weight = weigh(left, right);
        return weight === 0 ? [] : [{ leftIndex, rightIndex, weight }];
      }),
    )
    .toSorted((a, b) => b.weight - a.weight || a.leftIndex - b.leftIndex || a.rightIndex - b.rightIndex);
  const partners = new Map<number, number>();
  const taken = new Set<number>();
  for (const { leftIndex, rightIndex } of ranked) {
    if (partners.has(leftIndex) || taken.has(rightIndex)) continue;
    partners.set(leftIndex, rightIndex);
    taken.add(rightIndex);
  }
  return {
    both: present.flatMap((left, index) => {
      const right = candidate[partners.get(index) ?? -1];
      return right === undefined ? [] : [{ present: left, candidate: right }];
    }),
    onlyPresent: present.filter((_, index) => !partners.has(index)),
    onlyCandidate: candidate.filter((_, index) => !taken.has(index)),
  };
};

const SAME_FINGERPRINT = 4;
const SAME_CATEGORY = 2;

/** How much speaks for two findings being the same; 0 when they are not. At most one is for the overlap. */
const weigh = (left: ShadowFinding, right: ShadowFinding): number => {
  const isSame = left.fingerprint !== null && left.fingerprint === right.fingerprint;
  const overlap = left.path === right.path ? overlapOf(left, right) : 0;
  if (!isSame && overlap === 0) return 0;
  return (isSame ? SAME_FINGERPRINT : 0) + (left.category === right.category ? SAME_CATEGORY : 0) + overlap;
};

/** The share of the lines of both that both have, from 0 to 1. */
const overlapOf = (left: ShadowFinding, right: ShadowFinding): number => {
  if (left.line === null || right.line === null) return left.line === right.line ? 1 : 0;
  if (left.side !== right.side) return 0;
  const [leftEnd, rightEnd] = [left.endLine ?? left.line, right.endLine ?? right.line];
  const shared = Math.min(leftEnd, rightEnd) - Math.max(left.line, right.line) + 1;
  const all = Math.max(leftEnd, rightEnd) - Math.min(left.line, right.line) + 1;
  return shared > 0 ? shared / all : 0;
};
