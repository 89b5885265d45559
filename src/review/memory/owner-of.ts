import type { AnchoredFinding } from "../finding.ts";
import { pathOf } from "../units/hunk-digest.ts";
import type { ReviewHunk } from "../units/review-unit.ts";

/**
 * The hunk that a finding is remembered with, so that it is looked at anew when that hunk changes: the
 * one that holds its lines, else the nearest of its file, else the first of the file, else the first of
 * all. `hunks` are those of the unit that brought the finding; null only when there are none.
 */
export const ownerOf = (found: AnchoredFinding, hunks: readonly ReviewHunk[]): ReviewHunk | null => {
  const { path } = found.finding;
  const ofFile = hunks.filter(({ file }) => pathOf(file) === path || file.oldPath === path);
  const line = lineOf(found);
  if (line === null) return ofFile[0] ?? hunks[0] ?? null;
  const byDistance = ofFile
    .map((hunk) => ({ hunk, distance: distanceTo(hunk, line) }))
    .toSorted((left, right) => left.distance - right.distance);
  return byDistance[0]?.hunk ?? hunks[0] ?? null;
};

type Place = { readonly side: "new" | "old"; readonly line: number };

const lineOf = ({ finding, anchor }: AnchoredFinding): Place | null => {
  if (anchor.kind === "line") {
    const { newLine, oldLine } = anchor.start;
    if (newLine !== null) return { side: "new", line: newLine };
    if (oldLine !== null) return { side: "old", line: oldLine };
  }
  return finding.line === null ? null : { side: finding.side, line: finding.line };
};

const distanceTo = ({ hunk }: ReviewHunk, { side, line }: Place): number => {
  const [start, count] = side === "new" ? [hunk.newStart, hunk.newCount] : [hunk.oldStart, hunk.oldCount];
  const last = start + Math.max(count, 1) - 1;
  return line < start ? start - line : Math.max(0, line - last);
};
