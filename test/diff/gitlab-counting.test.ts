import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { FindingsError } from "../../src/base/errors.ts";
import type { DiffLine, FileDiff } from "../../src/diff/file-diff.ts";
import { pointAt, toPoint } from "../../src/diff/find-point.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";
import type { LinePoint, Position } from "../../src/diff/position.ts";
import { fromPosition, toPosition } from "../../src/diff/to-position.ts";

const REFS = { baseSha: "b".repeat(40), startSha: "c".repeat(40), headSha: "d".repeat(40) };
const PATH = "query.sql";

/** A line as GitLab has it: which row of the diff it is, and what names it. */
type GitLabLine = {
  readonly row: number;
  readonly old: number | null;
  readonly next: number | null;
  readonly code: string;
};

/**
 * GitLab's parser, row by row, from what is known of it: a row is the name of a file when it begins like one and the
 * row before had no type; unchanged rows have none, headers of hunks and rows about a missing newline have one.
 */
const parseAsGitLab = (diff: string): { readonly lines: readonly GitLabLine[]; readonly offset: number } => {
  const starts = [
    "--- a",
    "+++ b",
    "+++ a",
    "--- /dev/null",
    "+++ /dev/null",
    "--- /tmp/diffy",
    "+++ /tmp/diffy",
  ];
  const sha = createHash("sha1").update(PATH).digest("hex");
  const lines: GitLabLine[] = [];
  let [old, next, offset] = [1, 1, 0];
  let type: string | null = null;
  for (const [row, text] of diff.split("\n").slice(0, -1).entries()) {
    if (type === null && starts.some((start) => text.startsWith(start))) continue;
    if (text.startsWith("@@ -")) {
      type = "match";
      [old, next] = [Number(/-(\d+)/.exec(text)?.[1]), Number(/\+(\d+)/.exec(text)?.[1])];
      continue;
    }
    if (text.startsWith("\\")) {
      type = "nonewline";
      continue;
    }
    type = text.startsWith("+") ? "new" : text.startsWith("-") ? "old" : null;
    const [onOld, onNew] = [type !== "new", type !== "old"];
    lines.push({ row, old: onOld ? old : null, next: onNew ? next : null, code: `${sha}_${old}_${next}` });
    offset = next - old;
    if (onOld) old += 1;
    if (onNew) next += 1;
  }
  return { lines, offset };
};

/** Lines that begin like a file's name once they have their sign, and lines that nearly do. */
const text = fc.constantFrom(
  "a",
  "",
  "  indented",
  "-- all users",
  "-- also",
  "-- by name",
  "-- /dev/null",
  "-- /tmp/diffy",
  "++ b",
  "++ a",
  "++ c",
  "++ /dev/null",
  "++ /tmp/diffy",
  "- item",
  "@@ -1 +1 @@",
);
const line = fc.tuple(fc.constantFrom(" ", " ", "-", "-", "+", "+"), text).map((parts) => parts.join(""));
const hunk = fc.tuple(fc.array(line, { minLength: 1, maxLength: 14 }), fc.integer({ min: 1, max: 9 }));
const diffs = fc.record({ hunks: fc.array(hunk, { minLength: 1, maxLength: 4 }), bareEnd: fc.boolean() });

/** The text of hunks one behind the other; the last one ends without a newline where `bareEnd` says so. */
const toDiff = ({ hunks, bareEnd }: typeof diffs extends fc.Arbitrary<infer T> ? T : never): string => {
  let [old, next] = [1, 1];
  const parts = hunks.map(([lines, gap]) => {
    [old, next] = [old + gap, next + gap];
    const [oldCount, newCount] = ["+", "-"].map(
      (other) => lines.filter((one) => !one.startsWith(other)).length,
    );
    const start = (at: number, count = 0) => (count === 0 ? at - 1 : at);
    const header = `@@ -${start(old, oldCount)},${oldCount} +${start(next, newCount)},${newCount} @@`;
    [old, next] = [old + (oldCount ?? 0), next + (newCount ?? 0)];
    return `${[header, ...lines].join("\n")}\n`;
  });
  return bareEnd ? `${parts.join("")}\\ No newline at end of file\n` : parts.join("");
};

const readDiff = (diff: string): FileDiff => {
  const reading = parseHunks(diff);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  return { oldPath: PATH, newPath: PATH, change: "modified", hunks: reading.hunks };
};

/** The lines of a file with the rows that they are in the text of the diff. */
const rowsOf = (
  { hunks }: FileDiff,
  diff: string,
): readonly { readonly line: DiffLine; readonly row: number }[] => {
  const lines = hunks.flatMap((one) => one.lines);
  const rows = diff.split("\n").flatMap((row, at) => (/^(?:@@ -\d+,\d+ \+|\\)/.test(row) ? [] : [at]));
  return lines.map((one, nth) => ({ line: one, row: rows[nth] ?? assert.fail("no row") }));
};

const positionOf = (file: FileDiff, start: LinePoint, end = start): Position["on"] | null => {
  try {
    return toPosition(REFS, file, start, end).on;
  } catch (error) {
    assert.ok(error instanceof FindingsError && error.code === "line-not-in-diff", String(error));
    return null;
  }
};

suite("positions are counted as GitLab's parser counts", () => {
  test("a comment of SQL or Lua behind an unchanged line has none, and the rest of its hunk is one lower", () => {
    const file = readDiff(
      "@@ -4,4 +4,3 @@\n SELECT *\n--- all users\n-FROM people\n+FROM persons\n WHERE 1\n",
    );
    const [select, comment, from] = file.hunks[0]?.lines ?? [];
    assert.ok(select !== undefined && comment !== undefined && from !== undefined);
    assert.equal(positionOf(file, toPoint(comment)), null);
    assert.deepEqual(positionOf(file, toPoint(from)), {
      kind: "line",
      oldLine: 5,
      newLine: null,
      range: null,
    });
    assert.deepEqual(positionOf(file, { oldLine: 7, newLine: 6 }), {
      kind: "line",
      oldLine: 6,
      newLine: 6,
      range: null,
    });
  });

  test("in any diff each line has the position of its own row, or none where GitLab has none", () => {
    let [without, counted] = [0, 0];
    fc.assert(
      fc.property(diffs, (drawn) => {
        const diff = toDiff(drawn);
        const file = readDiff(diff);
        const { lines: known } = parseAsGitLab(diff);
        const rows = rowsOf(file, diff);
        for (const { line: one, row } of rows) {
          const on = positionOf(file, toPoint(one));
          const expected = known.find((candidate) => candidate.row === row);
          if (expected === undefined) {
            assert.equal(on, null, `${diff}\nrow ${row}`);
            without += 1;
            continue;
          }
          assert.ok(on?.kind === "line", `${diff}\nrow ${row} has no position`);
          // What GitLab finds by these numbers is the first line that has both.
          const found = known.find(({ old, next }) => old === on.oldLine && next === on.newLine);
          assert.equal(found?.row, row, `${diff}\nrow ${row} is taken for row ${found?.row}`);
          counted += 1;
        }
      }),
      { numRuns: 1_000 },
    );
    assert.ok(without > 200 && counted > 5_000, `${without} without, ${counted} with a position`);
  });

  test("in any diff the numbers of a position are read as the line that they were made of, outside the hunks, too", () => {
    let [inside, outside] = [0, 0];
    fc.assert(
      fc.property(
        diffs,
        fc.constantFrom("old" as const, "new" as const),
        fc.integer({ min: 1, max: 60 }),
        (drawn, side, number) => {
          const file = readDiff(toDiff(drawn));
          const points = file.hunks.flatMap(({ lines }) => lines.map(toPoint));
          const other = pointAt(file, side, number);
          for (const point of other === null ? points : [...points, other]) {
            const on = positionOf(file, point);
            if (on?.kind !== "line") continue;
            assert.deepEqual(fromPosition(file, on), point, JSON.stringify({ drawn, on }));
            if (points.includes(point)) inside += 1;
            else outside += 1;
            if (on.range !== null) assert.deepEqual(fromPosition(file, on.range.end), point);
          }
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(inside > 5_000 && outside > 300, `${inside} inside, ${outside} outside`);
  });

  test("what GitLab says by its own parser's numbers is read as the row that it means", () => {
    fc.assert(
      fc.property(diffs, (drawn) => {
        const diff = toDiff(drawn);
        const file = readDiff(diff);
        const rows = rowsOf(file, diff);
        for (const { row, old, next } of parseAsGitLab(diff).lines) {
          const meant = rows.find((candidate) => candidate.row === row) ?? assert.fail("no row");
          assert.deepEqual(fromPosition(file, { oldLine: old, newLine: next }), toPoint(meant.line), diff);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("the ends of a range are named by the codes of their own rows", () => {
    fc.assert(
      fc.property(diffs, fc.nat(), fc.nat(), (drawn, one, other) => {
        const diff = toDiff(drawn);
        const file = readDiff(diff);
        const { lines: known } = parseAsGitLab(diff);
        const rows = rowsOf(file, diff).filter(({ line: each }) => file.hunks[0]?.lines.includes(each));
        const [from, to] = [one % rows.length, other % rows.length].toSorted((left, right) => left - right);
        const meant = rows.slice(from, (to ?? 0) + 1);
        const codes = meant.flatMap(({ row }) => known.find((each) => each.row === row)?.code ?? []);
        const [first, last] = [meant[0], meant.at(-1)];
        assert.ok(first !== undefined && last !== undefined);
        const on = positionOf(file, toPoint(first.line), toPoint(last.line));
        if (on?.kind !== "line") return assert.deepEqual(codes, []);
        if (on.range === null) return assert.equal(codes.length, 1);
        assert.deepEqual([on.range.start.lineCode, on.range.end.lineCode], [codes[0], codes.at(-1)], diff);
      }),
      { numRuns: 1_000 },
    );
  });

  test("unchanged lines behind the last hunk are paired by the distance that its last row leaves", () => {
    fc.assert(
      fc.property(diffs, fc.integer({ min: 1, max: 9 }), (drawn, behind) => {
        const { hunks } = drawn;
        // Git shows unchanged lines at the end of a hunk wherever the file goes on.
        const diff = toDiff({
          hunks: [...hunks.slice(0, -1), [[...(hunks.at(-1)?.[0] ?? []), " kept"], 1]],
          bareEnd: false,
        });
        const file = readDiff(diff);
        const last = file.hunks.at(-1);
        assert.ok(last !== undefined);
        const point = pointAt(file, "old", last.oldStart + last.oldCount - 1 + behind);
        assert.ok(point !== null);
        const { offset } = parseAsGitLab(diff);
        const on = positionOf(file, point);
        assert.ok(on?.kind === "line");
        assert.deepEqual([on.oldLine, on.newLine], [point.oldLine, (point.oldLine ?? 0) + offset], diff);
      }),
      { numRuns: 500 },
    );
  });
});
