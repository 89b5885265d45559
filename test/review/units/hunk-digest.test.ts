import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDigests } from "../../../src/review/units/hunk-digest.ts";
import { type SelectionRules, selectHunks } from "../../../src/review/units/select-hunks.ts";
import { changedFile, diffOf, fileOf, hunkOf } from "./hunks.ts";

const RULES: SelectionRules = { include: [], exclude: [], unitTokens: 12_000 };

describe("digests", () => {
  const digest = (...args: Parameters<ReturnType<typeof createDigests>>): string => createDigests()(...args);
  const hunk = hunkOf([" a", "+b"], { old: 1, new: 1 });

  test("do not depend on numbers and headings", () => {
    const moved = hunkOf([" a", "+b"], { old: 70, new: 90 }, "function f()");
    assert.equal(digest(fileOf("a", [hunk]), hunk), digest(fileOf("a", [moved]), moved));
  });
  test("depend on path, signs, texts and the line feed at the end", () => {
    const file = fileOf("a", []);
    const open = { ...hunk, lines: hunk.lines.map((line) => ({ ...line, endsWithNewline: false })) };
    const digests = [
      digest(file, hunk),
      digest(fileOf("b", []), hunk),
      digest(file, hunkOf(["+a", "+b"], { old: 1, new: 1 })),
      digest(file, hunkOf([" a", "+c"], { old: 1, new: 1 })),
      digest(file, open),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });
  test("tell the same hunk at two places of a file apart, in their order", () => {
    const text = "@@ -1,1 +1,2 @@\n a\n+b\n@@ -9,1 +10,2 @@\n a\n+b\n";
    const [first, second] = selectHunks(diffOf(changedFile("a", text)), RULES).hunks;
    const [again] = selectHunks(diffOf(changedFile("a", text)), RULES).hunks;
    assert.ok(first && second && again);
    assert.notEqual(first.digest, second.digest);
    assert.equal(first.digest, again.digest);
  });
});
