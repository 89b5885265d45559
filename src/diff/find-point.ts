import type { DiffLine, FileDiff, Hunk } from "./file-diff.ts";
import { type Side, endsFile, hunkRange } from "./hunk-range.ts";
import type { LinePoint } from "./position.ts";

/** A line with where it stands: in a hunk, or unchanged before, between or behind the hunks. */
export type FoundPoint = {
  readonly point: LinePoint;
  /** Its running counters. */
  readonly counters: Pick<DiffLine, "oldLine" | "newLine">;
  readonly at: { readonly hunk: Hunk; readonly index: number } | "before" | "behind";
};

/**
 * Names the line that has number `line` (from 1) on a side of the file: an added, removed or context line,
 * or an unchanged one outside the hunks, whose number on the other side follows from the hunks before it.
 * Null where there is no such line, as far as the hunks show: behind the last hunk they do not tell how
 * long the file is, so a number beyond its end is paired too, unless the hunk marks the end ("\ No newline
 * at end of file"). Null as well where GitLab takes no line: in a file without hunks (binary, or only
 * renamed), and outside the hunks of a new or deleted file.
 */
export const pointAt = (file: FileDiff, side: Side, line: number): LinePoint | null =>
  findPoint(file, side, line)?.point ?? null;

/** `pointAt` with where the line stands. */
export const findPoint = (file: FileDiff, side: Side, line: number): FoundPoint | null => {
  if (!Number.isSafeInteger(line) || line < 1) return null;
  const next = file.hunks.find((hunk) => line < hunkRange(hunk, side).to);
  if (next !== undefined && line >= hunkRange(next, side).from) return findInHunk(next, side, line);
  if (file.change === "added" || file.change === "deleted") return null;
  const last = file.hunks.at(-1);
  if (next !== undefined) return { ...pairUnchanged(next, "from", side, line), at: "before" };
  return last === undefined || endsFile(last)
    ? null
    : { ...pairUnchanged(last, "to", side, line), at: "behind" };
};

const findInHunk = (hunk: Hunk, side: Side, line: number): FoundPoint | null => {
  const other = side === "new" ? "removed" : "added";
  const index = hunk.lines.findIndex(
    ({ kind, oldLine, newLine }) => kind !== other && (side === "new" ? newLine : oldLine) === line,
  );
  const found = hunk.lines[index];
  return found === undefined ? null : { point: toPoint(found), counters: found, at: { hunk, index } };
};

/** The point of a line in a hunk. */
export const toPoint = ({
  kind,
  oldLine,
  newLine,
}: Pick<DiffLine, "kind" | "newLine" | "oldLine">): LinePoint => {
  switch (kind) {
    case "added":
      return { oldLine: null, newLine };
    case "removed":
      return { oldLine, newLine: null };
    case "context":
      return { oldLine, newLine };
  }
};

/** Outside hunks both sides run in parallel, as far apart as they are at the edge of the hunk. */
const pairUnchanged = (hunk: Hunk, edge: "from" | "to", side: Side, line: number): Omit<FoundPoint, "at"> => {
  const shift = hunkRange(hunk, "new")[edge] - hunkRange(hunk, "old")[edge];
  const counters =
    side === "new" ? { oldLine: line - shift, newLine: line } : { oldLine: line, newLine: line + shift };
  return { point: counters, counters };
};
