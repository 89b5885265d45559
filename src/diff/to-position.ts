import { FindingsError } from "../base/errors.ts";
import type { FileDiff } from "./file-diff.ts";
import { type CountedPoint, findPoint } from "./find-point.ts";
import { lineCode } from "./line-code.ts";
import type { DiffRefs, LinePoint, Position, RangeEnd } from "./position.ts";

/**
 * The position of a line, or of the lines from `start` to `end`, in a file. GitLab hangs a range on its last
 * line and wants the ends in the order of the diff, so ends that come the other way round are turned.
 * @throws FindingsError `line-not-in-diff` for a point that `pointAt` does not give for this file.
 */
export const toPosition = (refs: DiffRefs, file: FileDiff, start: LinePoint, end: LinePoint): Position => {
  const [first, last] = [locate(file, start), locate(file, end)].toSorted(
    (one, other) => rankOf(one) - rankOf(other),
  );
  if (first === undefined || last === undefined) throw notInDiff(file, end);
  const range =
    rankOf(first) === rankOf(last) ? null : { start: toRangeEnd(file, first), end: toRangeEnd(file, last) };
  return { ...toFilePosition(refs, file), on: { kind: "line", ...last.point, range } };
};

/** The position of a file as a whole, for which GitLab needs a changed file and no line. */
export const toFilePosition = (
  { baseSha, startSha, headSha }: DiffRefs,
  { oldPath, newPath }: FileDiff,
): Position => ({ baseSha, startSha, headSha, oldPath, newPath, on: { kind: "file" } });

const locate = (file: FileDiff, point: LinePoint): CountedPoint => {
  const found =
    point.newLine === null ? findPoint(file, "old", point.oldLine) : findPoint(file, "new", point.newLine);
  if (found?.point.oldLine !== point.oldLine || found.point.newLine !== point.newLine)
    throw notInDiff(file, point);
  return found;
};

const notInDiff = ({ newPath }: FileDiff, { oldLine, newLine }: LinePoint): FindingsError =>
  new FindingsError(
    `The diff of ${newPath} has no line that is old line ${oldLine ?? "none"} and new line ${newLine ?? "none"}: take lines from pointAt only`,
    { code: "line-not-in-diff" },
  );

/** Grows from each line of a diff to the next, whichever kind they are, and so tells their order. */
const rankOf = ({ counters }: CountedPoint): number => counters.oldLine + counters.newLine;

const toRangeEnd = (file: FileDiff, { point, counters }: CountedPoint): RangeEnd => ({
  lineCode: lineCode(file.change === "deleted" ? file.oldPath : file.newPath, counters),
  type: point.oldLine === null ? "new" : point.newLine === null ? "old" : null,
  oldLine: point.oldLine,
  newLine: point.newLine,
});
