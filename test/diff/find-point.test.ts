import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FileDiff } from "../../src/diff/file-diff.ts";
import { findPoint, pointAt } from "../../src/diff/find-point.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";

const fileOf = (text: string, change: FileDiff["change"] = "modified"): FileDiff => {
  const reading = parseHunks(text);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  return { oldPath: "a.txt", newPath: "a.txt", change, hunks: reading.hunks };
};

const both = (oldLine: number, newLine: number) => ({ oldLine, newLine });
const added = (newLine: number) => ({ oldLine: null, newLine });
const removed = (oldLine: number) => ({ oldLine, newLine: null });

const HUNKS = "@@ -5,4 +5,5 @@\n a\n-b\n+B\n+C\n c\n d\n@@ -20,3 +21,2 @@\n x\n-y\n z\n";

describe("a line of a diff", () => {
  test("in a hunk is added, removed or context", () => {
    const file = fileOf(HUNKS);
    assert.deepEqual(
      [5, 6, 7, 8].map((line) => pointAt(file, "new", line)),
      [both(5, 5), added(6), added(7), both(7, 8)],
    );
    assert.deepEqual(
      [5, 6, 7].map((line) => pointAt(file, "old", line)),
      [both(5, 5), removed(6), both(7, 8)],
    );
  });

  test("outside is paired with its twin, before, between and behind the hunks", () => {
    const file = fileOf(HUNKS);
    assert.deepEqual(
      [1, 4, 10, 20, 23, 1_000].map((line) => pointAt(file, "new", line)),
      [both(1, 1), both(4, 4), both(9, 10), both(19, 20), both(23, 23), both(1_000, 1_000)],
    );
    assert.deepEqual(
      [4, 9, 19, 23].map((line) => pointAt(file, "old", line)),
      [both(4, 4), both(9, 10), both(19, 20), both(23, 23)],
    );
  });

  test("is none behind a marked end of the file, on either side", () => {
    const mark = "\\ No newline at end of file\n";
    const file = fileOf(`@@ -1,2 +1,2 @@\n a\n-b\n${mark}+b\n`);
    assert.deepEqual(pointAt(file, "new", 2), added(2));
    assert.equal(pointAt(file, "new", 3), null);
    assert.equal(pointAt(file, "old", 3), null);
  });

  test("is none outside the hunk of a new or deleted file", () => {
    const created = fileOf("@@ -0,0 +1,2 @@\n+a\n+b\n", "added");
    assert.deepEqual(
      [1, 2, 3].map((line) => pointAt(created, "new", line)),
      [added(1), added(2), null],
    );
    assert.equal(pointAt(created, "old", 1), null);
    const deleted = fileOf("@@ -1,2 +0,0 @@\n-a\n-b\n", "deleted");
    assert.deepEqual(
      [1, 2, 3].map((line) => pointAt(deleted, "old", line)),
      [removed(1), removed(2), null],
    );
    assert.equal(pointAt(deleted, "new", 1), null);
  });

  test("is none where nothing but the name changed, and for what is no line number", () => {
    assert.equal(pointAt(fileOf("", "renamed"), "new", 1), null);
    for (const line of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(pointAt(fileOf(HUNKS), "new", line), null);
  });

  test("has GitLab's counters", () => {
    const file = fileOf(HUNKS);
    const countersOf = (side: "new" | "old", line: number) => {
      const counters = findPoint(file, side, line)?.counters;
      return [counters?.oldLine, counters?.newLine];
    };
    assert.deepEqual(countersOf("old", 6), [6, 6]);
    assert.deepEqual(countersOf("new", 6), [7, 6]);
    assert.deepEqual(countersOf("new", 7), [7, 7]);
    assert.deepEqual(countersOf("new", 10), [9, 10]);
    assert.deepEqual(countersOf("old", 21), [21, 22]);
  });
});
