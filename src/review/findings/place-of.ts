import type { Anchor, AnchoredFinding } from "../finding.ts";

/** The lines that a finding was found to belong to. */
export type Place = {
  /** From the root of the repository, on the new side. */
  readonly path: string;
  /** Which side the lines are on; `old` where only removed lines are meant. */
  readonly side: "new" | "old";
  /** Both null for a finding about a file as a whole; what was stated where that is on no line of the diff. */
  readonly line: number | null;
  readonly endLine: number | null;
  /** A line of the new file to look at, whatever side the finding is on; at least 1. */
  readonly nearLine: number;
  /** The code that is meant; null where no line of the diff is. */
  readonly code: string | null;
};

/** Reads the lines of a finding off its anchor, on the new side where it has one. */
export const placeOf = ({ finding, anchor }: AnchoredFinding): Place => {
  if (anchor.kind === "file")
    return { path: anchor.file.newPath, side: "new", line: null, endLine: null, nearLine: 1, code: null };
  if (anchor.kind === "summary") {
    const { path, side, line, endLine } = finding;
    return { path, side, line, endLine, nearLine: line ?? 1, code: null };
  }
  return { path: anchor.file.newPath, code: anchor.code, ...linesOf(anchor) };
};

const linesOf = ({ start, end, hunk }: Anchor & { readonly kind: "line" }): Omit<Place, "path" | "code"> => {
  const first = start.newLine ?? end.newLine;
  if (first !== null) {
    const last = Math.max(first, end.newLine ?? first);
    return { side: "new", line: first, endLine: last, nearLine: Math.max(1, first) };
  }
  return {
    side: "old",
    line: start.oldLine,
    endLine: end.oldLine,
    nearLine: Math.max(1, hunk.newStart),
  };
};
