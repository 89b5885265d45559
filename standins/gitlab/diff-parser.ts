import type { FileTruth, TrueLine } from "./line-truth.ts";
import type { FileDiff } from "./raw-diff.ts";

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The beginnings by which GitLab's parser knows the names of files. */
const NAMES = [
  "--- /dev/null",
  "+++ /dev/null",
  "--- a",
  "+++ b",
  "+++ a",
  "--- /tmp/diffy",
  "+++ /tmp/diffy",
] as const;

/** A row of a diff as GitLab's parser yields it; null for one that it takes for a file's name. */
type ParsedRow = Pick<TrueLine, "kind" | "oldCount" | "newCount"> | null;

type Reading = {
  readonly rows: readonly ParsedRow[];
  /** The lines of each hunk by both sides, the first and the one behind the last. */
  readonly ranges: readonly (readonly [from: number, to: number, newFrom: number, newTo: number])[];
  /** The distance of both counters on the last row that was yielded. */
  readonly offset: number;
};

const KINDS: Readonly<Record<string, TrueLine["kind"]>> = { "+": "added", "-": "removed" };

/**
 * `Gitlab::Diff::Parser`: a row that looks like a file's name is one wherever the row before it was neither
 * added, removed nor a header of a hunk, which is true of unchanged rows in the middle of a hunk, too.
 */
const parse = (hunks: string): Reading => {
  const rows: ParsedRow[] = [];
  const ranges: Reading["ranges"][number][] = [];
  let [old, next, offset] = [1, 1, 0];
  let isPlain = true;
  for (const row of hunks.split("\n").slice(0, -1)) {
    if (isPlain && NAMES.some((name) => row.startsWith(name))) {
      rows.push(null);
      continue;
    }
    const header = HUNK.exec(row);
    isPlain = false;
    if (header !== null) {
      [old, next] = [Number(header[1]), Number(header[3])];
      const [oldCount, newCount] = [Number(header[2] ?? 1), Number(header[4] ?? 1)];
      const [from, newFrom] = [oldCount === 0 ? old + 1 : old, newCount === 0 ? next + 1 : next];
      ranges.push([from, from + oldCount, newFrom, newFrom + newCount]);
      continue;
    }
    if (row.startsWith("\\")) continue;
    const kind = KINDS[row.charAt(0)] ?? "context";
    isPlain = kind === "context";
    rows.push({ kind, oldCount: old, newCount: next });
    offset = next - old;
    if (kind !== "added") old += 1;
    if (kind !== "removed") next += 1;
  }
  return { rows, ranges, offset };
};

const toLine = (row: NonNullable<ParsedRow>, text: string): TrueLine => ({
  ...row,
  oldLine: row.kind === "added" ? null : row.oldCount,
  newLine: row.kind === "removed" ? null : row.newCount,
  text,
});

/**
 * Every line of a file for which GitLab has a position, by GitLab's numbers: the rows of the diff that it shows as
 * its parser counts them, and the unchanged lines outside, which it unfolds. Those behind the last hunk it pairs by
 * the distance that the last row leaves (`Gitlab::Diff::LinesUnfolder`).
 */
export const countedLines = (truth: FileTruth, shown: FileDiff): readonly TrueLine[] => {
  const { rows, ranges, offset } = parse(shown.hunks);
  const last = ranges.at(-1);
  let at = 0;
  return truth.lines.flatMap((line): readonly TrueLine[] => {
    const isShown = ranges.some(
      ([from, to, newFrom, newTo]) =>
        (line.oldLine !== null && line.oldLine >= from && line.oldLine < to) ||
        (line.newLine !== null && line.newLine >= newFrom && line.newLine < newTo),
    );
    if (isShown) {
      const row = rows[at] ?? null;
      at += 1;
      return row === null ? [] : [toLine(row, line.text)];
    }
    if (line.oldLine === null || last === undefined || line.oldLine < last[1]) return [line];
    const newLine = line.oldLine + offset;
    return [{ ...line, newLine, newCount: newLine }];
  });
};
