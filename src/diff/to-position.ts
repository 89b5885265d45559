import { message } from "../messages/message.ts";
import { FindingsError } from "../base/errors.ts";
import type { FileDiff } from "./file-diff.ts";
import { type FoundPoint, findPoint, toPoint } from "./find-point.ts";
import { countAsGitLab, driftBehind } from "./gitlab-counting.ts";
import { lineCode } from "./line-code.ts";
import type { DiffRefs, LinePoint, Position, RangeEnd } from "./position.ts";

/**
 * The position of a line, or of the lines from `start` to `end`, in a file. GitLab hangs a range on its last
 * line and wants the ends in the order of the diff, so ends that come the other way round are turned. Lines are
 * numbered as GitLab counts them; those of a range that have no position there (`countAsGitLab`) are passed over.
 * @throws FindingsError `line-not-in-diff` for a point that `pointAt` does not give for this file, and for
 * lines none of which has a position.
 */
export const toPosition = (refs: DiffRefs, file: FileDiff, start: LinePoint, end: LinePoint): Position => {
  const ends = [locate(file, start), locate(file, end)].toSorted((one, other) => rankOf(one) - rankOf(other));
  const counted = linesBetween(ends).flatMap((found) => countedAt(file, found) ?? []);
  const [first] = counted;
  const last = counted.at(-1);
  if (first === undefined || last === undefined) throw notInDiff(file, end);
  const range =
    first.counters === last.counters ? null : { start: toRangeEnd(file, first), end: toRangeEnd(file, last) };
  return { ...toFilePosition(refs, file), on: { kind: "line", ...last.point, range } };
};

/**
 * The line of a file that GitLab means by the numbers of a position in the same version of the diff: `toPosition`
 * backwards. Null where the diff has no such line.
 */
export const fromPosition = (
  file: FileDiff,
  { oldLine, newLine }: { readonly oldLine: number | null; readonly newLine: number | null },
): LinePoint | null => {
  for (const hunk of file.hunks)
    for (const [index, counted] of countAsGitLab(hunk).entries()) {
      const line = hunk.lines[index];
      if (counted === null || line === undefined) continue;
      const point = toPoint({ kind: line.kind, ...counted });
      if (point.oldLine === oldLine && point.newLine === newLine) return toPoint(line);
    }
  // Outside the hunks both sides have a number, of which the old one is the line's own.
  if (oldLine === null || newLine === null) return null;
  const found = findPoint(file, "old", oldLine);
  return found === null || typeof found.at !== "string" || countedAt(file, found)?.point.newLine !== newLine
    ? null
    : found.point;
};

/** The lines of a hunk from one end to the other; the ends alone where they are not in one hunk. */
const linesBetween = (ends: readonly FoundPoint[]): readonly FoundPoint[] => {
  const [first, last] = ends;
  if (first === undefined || last === undefined || rankOf(first) === rankOf(last)) return ends.slice(-1);
  const { at: from } = first;
  const { at: to } = last;
  if (typeof from === "string" || typeof to === "string" || from.hunk !== to.hunk) return ends;
  const { hunk } = from;
  return hunk.lines.slice(from.index, to.index + 1).map((line, nth) => ({
    point: toPoint(line),
    counters: line,
    at: { hunk, index: from.index + nth },
  }));
};

type CountedPoint = Pick<FoundPoint, "counters" | "point">;

/** A line by GitLab's numbers; null where it has none for it. */
const countedAt = ({ hunks }: FileDiff, { point, counters, at }: FoundPoint): CountedPoint | null => {
  if (at === "before") return { point, counters };
  if (at === "behind") {
    const last = hunks.at(-1);
    const shifted = {
      oldLine: counters.oldLine,
      newLine: counters.newLine + (last === undefined ? 0 : driftBehind(last)),
    };
    return { point: shifted, counters: shifted };
  }
  const counted = countAsGitLab(at.hunk)[at.index] ?? null;
  const line = at.hunk.lines[at.index];
  return counted === null || line === undefined
    ? null
    : { point: toPoint({ kind: line.kind, ...counted }), counters: counted };
};

/** The position of a file as a whole, for which GitLab needs a changed file and no line. */
export const toFilePosition = (
  { baseSha, startSha, headSha }: DiffRefs,
  { oldPath, newPath }: FileDiff,
): Position => ({ baseSha, startSha, headSha, oldPath, newPath, on: { kind: "file" } });

const locate = (file: FileDiff, point: LinePoint): FoundPoint => {
  const found =
    point.newLine === null ? findPoint(file, "old", point.oldLine) : findPoint(file, "new", point.newLine);
  if (found?.point.oldLine !== point.oldLine || found.point.newLine !== point.newLine)
    throw notInDiff(file, point);
  return found;
};

const notInDiff = ({ newPath }: FileDiff, { oldLine, newLine }: LinePoint): FindingsError =>
  new FindingsError(
    message("findings.line-not-in-diff", { path: newPath, old: oldLine ?? "–", new: newLine ?? "–" }),
    { code: "line-not-in-diff" },
  );

/** Grows from each line of a diff to the next, whichever kind they are, and so tells their order. */
const rankOf = ({ counters }: FoundPoint): number => counters.oldLine + counters.newLine;

const toRangeEnd = (file: FileDiff, { point, counters }: CountedPoint): RangeEnd => ({
  lineCode: lineCode(file.change === "deleted" ? file.oldPath : file.newPath, counters),
  type: point.oldLine === null ? "new" : point.newLine === null ? "old" : null,
  oldLine: point.oldLine,
  newLine: point.newLine,
});
