import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { FindingsError } from "../../src/base/errors.ts";
import type { FileDiff } from "../../src/diff/file-diff.ts";
import { pointAt } from "../../src/diff/find-point.ts";
import { lineCode } from "../../src/diff/line-code.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";
import type { LinePoint } from "../../src/diff/position.ts";
import { toFilePosition, toPosition } from "../../src/diff/to-position.ts";

const REFS = { baseSha: "b".repeat(40), startSha: "c".repeat(40), headSha: "d".repeat(40) };

const fileOf = (text: string, given: Partial<FileDiff> = {}): FileDiff => {
  const reading = parseHunks(text);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  return { oldPath: "a.txt", newPath: "a.txt", change: "modified", hunks: reading.hunks, ...given };
};

const at = (file: FileDiff, side: "new" | "old", line: number): LinePoint => {
  const point = pointAt(file, side, line);
  assert.ok(point !== null);
  return point;
};

const HUNKS = "@@ -9,3 +9,3 @@\n nine\n-ten\n+zehn\n eleven\n";
const sha1 = (path: string) => createHash("sha1").update(path).digest("hex");

describe("a line code", () => {
  test("is GitLab's, with the path's bytes in UTF-8", () => {
    assert.equal(
      lineCode("a.txt", { oldLine: 11, newLine: 10 }),
      "cfc7b4885384957ae445bc14914d4588f607651c_11_10",
    );
    assert.equal(lineCode("dir/näme.txt", { oldLine: 0, newLine: 1 }), `${sha1("dir/näme.txt")}_0_1`);
  });
});

describe("a position", () => {
  test("of one line names it as its kind has it, without a range", () => {
    const file = fileOf(HUNKS);
    const paths = { ...REFS, oldPath: "a.txt", newPath: "a.txt" };
    const on = (side: "new" | "old", line: number) =>
      toPosition(REFS, file, at(file, side, line), at(file, side, line));
    assert.deepEqual(on("new", 10), {
      ...paths,
      on: { kind: "line", oldLine: null, newLine: 10, range: null },
    });
    assert.deepEqual(on("old", 10), {
      ...paths,
      on: { kind: "line", oldLine: 10, newLine: null, range: null },
    });
    assert.deepEqual(on("new", 2), { ...paths, on: { kind: "line", oldLine: 2, newLine: 2, range: null } });
    // The same context line, named from both sides, is one line.
    const same = toPosition(REFS, file, at(file, "old", 11), at(file, "new", 11));
    assert.deepEqual(same.on, { kind: "line", oldLine: 11, newLine: 11, range: null });
  });

  test("of several lines is on the last one, whichever comes first", () => {
    const file = fileOf(HUNKS);
    const expected = {
      kind: "line",
      oldLine: null,
      newLine: 10,
      range: {
        start: { lineCode: `${sha1("a.txt")}_10_10`, type: "old", oldLine: 10, newLine: null },
        end: { lineCode: `${sha1("a.txt")}_11_10`, type: "new", oldLine: null, newLine: 10 },
      },
    };
    const [gone, come] = [at(file, "old", 10), at(file, "new", 10)];
    assert.deepEqual(toPosition(REFS, file, gone, come).on, expected);
    assert.deepEqual(toPosition(REFS, file, come, gone).on, expected);
  });

  test("of unchanged lines has ends without a type, outside hunks too", () => {
    const file = fileOf(HUNKS);
    assert.deepEqual(toPosition(REFS, file, at(file, "new", 3), at(file, "new", 9)).on, {
      kind: "line",
      oldLine: 9,
      newLine: 9,
      range: {
        start: { lineCode: `${sha1("a.txt")}_3_3`, type: null, oldLine: 3, newLine: 3 },
        end: { lineCode: `${sha1("a.txt")}_9_9`, type: null, oldLine: 9, newLine: 9 },
      },
    });
  });

  test("in a renamed, new or deleted file keeps both paths and the right code", () => {
    const moved = fileOf(HUNKS, { oldPath: "old.txt", newPath: "new.txt", change: "renamed" });
    const position = toPosition(REFS, moved, at(moved, "new", 10), at(moved, "new", 11));
    assert.deepEqual([position.oldPath, position.newPath], ["old.txt", "new.txt"]);
    assert.ok(position.on.kind === "line");
    assert.equal(position.on.range?.start.lineCode, `${sha1("new.txt")}_11_10`);

    const created = fileOf("@@ -0,0 +1,2 @@\n+a\n+b\n", { change: "added" });
    const first = toPosition(REFS, created, at(created, "new", 1), at(created, "new", 2));
    assert.ok(first.on.kind === "line");
    assert.deepEqual(
      [first.on.range?.start.lineCode, first.on.range?.end.lineCode],
      [`${sha1("a.txt")}_0_1`, `${sha1("a.txt")}_0_2`],
    );

    const deleted = fileOf("@@ -1,2 +0,0 @@\n-a\n-b\n", { change: "deleted", newPath: "gone.txt" });
    const gone = toPosition(REFS, deleted, at(deleted, "old", 1), at(deleted, "old", 2));
    assert.ok(gone.on.kind === "line");
    assert.deepEqual(
      [gone.on.range?.start.lineCode, gone.on.range?.end.lineCode],
      [`${sha1("a.txt")}_1_0`, `${sha1("a.txt")}_2_0`],
    );
  });

  test("of a file has no line", () => {
    assert.deepEqual(toFilePosition(REFS, fileOf("")), {
      ...REFS,
      oldPath: "a.txt",
      newPath: "a.txt",
      on: { kind: "file" },
    });
  });

  test("is not made up for a line that the file does not have", () => {
    const file = fileOf(HUNKS);
    const wrong: readonly LinePoint[] = [
      { oldLine: null, newLine: 9 },
      { oldLine: 11, newLine: null },
      { oldLine: 10, newLine: 10 },
      { oldLine: 20, newLine: 21 },
    ];
    for (const point of wrong) {
      assert.throws(
        () => toPosition(REFS, file, point, point),
        (error) => error instanceof FindingsError && error.code === "line-not-in-diff",
      );
    }
  });
});
