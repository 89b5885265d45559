import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import { type Message, message } from "../../src/messages/message.ts";
import type { Hunk } from "../../src/diff/file-diff.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";
import { unifiedHunks } from "../../src/diff/unified-hunks.ts";

const hunksOf = (text: string): readonly Hunk[] => {
  const reading = parseHunks(text);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  return reading.hunks;
};

/** Sign, counters and text of each line, with `¶` where git says that the file ends without a line feed. */
const rows = (text: string): readonly string[] =>
  hunksOf(text).flatMap(({ lines }) =>
    lines.map(
      ({ kind, oldLine, newLine, text: line, endsWithNewline }) =>
        `${kind} ${oldLine}/${newLine} ${JSON.stringify(line)}${endsWithNewline ? "" : "¶"}`,
    ),
  );

describe("hunks", () => {
  test("carry their header and GitLab's running counters", () => {
    const text =
      "@@ -7,3 +7,4 @@ export const f = () => {\n one\n-two\n+zwei\n+drei\n four\n@@ -20 +21 @@\n-a\n+b\n";
    const [first, second] = hunksOf(text);
    assert.deepEqual(
      { ...first, lines: [] },
      { oldStart: 7, oldCount: 3, newStart: 7, newCount: 4, heading: "export const f = () => {", lines: [] },
    );
    assert.deepEqual(
      { ...second, lines: [] },
      { oldStart: 20, oldCount: 1, newStart: 21, newCount: 1, heading: "", lines: [] },
    );
    assert.deepEqual(rows(text), [
      'context 7/7 "one"',
      'removed 8/8 "two"',
      'added 9/8 "zwei"',
      'added 9/9 "drei"',
      'context 9/10 "four"',
      'removed 20/21 "a"',
      'added 21/21 "b"',
    ]);
  });

  test("of new and deleted files count from zero on the side that is not there", () => {
    assert.deepEqual(rows("@@ -0,0 +1,2 @@\n+a\n+b\n"), ['added 0/1 "a"', 'added 0/2 "b"']);
    assert.deepEqual(rows("@@ -1,2 +0,0 @@\n-a\n-b\n"), ['removed 1/0 "a"', 'removed 2/0 "b"']);
  });

  test("without context name the line before an empty side", () => {
    const text = "@@ -4,0 +5 @@\n+new\n@@ -9,2 +9,0 @@\n-x\n-y\n";
    assert.deepEqual(parseHunks(text.replace("+5 @@", "+6 @@")), {
      kind: "malformed",
      line: 1,
      reason: message("diff.sides-apart", { old: 4, new: 5 }),
    });
    assert.deepEqual(rows(text), ['added 4/5 "new"', 'removed 9/9 "x"', 'removed 10/9 "y"']);
  });

  test("say where a side has no line feed at its end", () => {
    const mark = "\\ No newline at end of file\n";
    assert.deepEqual(rows(`@@ -1 +1 @@\n-a\n${mark}+a\n`), ['removed 1/1 "a"¶', 'added 2/1 "a"']);
    assert.deepEqual(rows(`@@ -1 +1 @@\n-a\n+a\n${mark}`), ['removed 1/1 "a"', 'added 2/1 "a"¶']);
    assert.deepEqual(rows(`@@ -1 +1 @@\n-a\n${mark}+b\n${mark}`), ['removed 1/1 "a"¶', 'added 2/1 "b"¶']);
    assert.deepEqual(rows(`@@ -1,2 +1 @@\n-a\n b\n${mark}`), ['removed 1/1 "a"', 'context 2/1 "b"¶']);
  });

  test("end lines at line feeds only, and keep carriage returns", () => {
    const odd = "form\ffeed, lone\rreturn, \u2028 and \u0085, \vand\r";
    assert.deepEqual(rows(`@@ -1 +1 @@ f(\r\n-${odd}\n+\r\n`), [
      `removed 1/1 ${JSON.stringify(odd)}`,
      'added 2/1 "\\r"',
    ]);
    assert.equal(hunksOf("@@ -1 +1 @@ f(\r\n-a\n+b\n")[0]?.heading, "f(");
  });

  test("hold lines that look like headers", () => {
    const text = "@@ -1,3 +1,3 @@\n-@@ -1 +1 @@\n--- a\n+++ b\n+diff --git a b\n @@@ x\n";
    assert.deepEqual(rows(text), [
      'removed 1/1 "@@ -1 +1 @@"',
      'removed 2/1 "-- a"',
      'added 3/1 "++ b"',
      'added 3/2 "diff --git a b"',
      'context 3/3 "@@@ x"',
    ]);
  });

  test("know an empty context line that lost its space by the counts", () => {
    const text = "@@ -1,5 +1,5 @@\n\n-a\n+b\n\r\n\n\n\n\n";
    assert.deepEqual(rows(text), [
      'context 1/1 ""',
      'removed 2/2 "a"',
      'added 3/2 "b"',
      'context 3/3 "\\r"',
      'context 4/4 ""',
      'context 5/5 ""',
    ]);
  });

  test("need no line feed at their end, and may be none", () => {
    assert.deepEqual(rows("@@ -1 +1 @@\n-a\n+b"), ['removed 1/1 "a"', 'added 2/1 "b"']);
    assert.deepEqual(hunksOf(""), []);
    assert.deepEqual(hunksOf("\n"), []);
  });

  const malformed: readonly (readonly [name: string, text: string, line: number, reason: Message])[] = [
    ["prose", "no diff\n", 1, message("diff.header-expected")],
    ["file headers", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", 1, message("diff.header-expected")],
    ["a combined diff", "@@@ -1 -1 +1 @@@\n--a\n++b\n", 1, message("diff.combined")],
    ["an empty hunk", "@@ -1,0 +1,0 @@\n", 1, message("diff.hunk-empty")],
    ["a cut", "@@ -1,2 +1,2 @@\n-a\n", 3, message("diff.lines-missing", { old: 1, new: 2 })],
    [
      "a header too early",
      "@@ -1,2 +1,2 @@\n a\n@@ -9 +9 @@\n-a\n+b\n",
      3,
      message("diff.lines-missing", { old: 1, new: 1 }),
    ],
    ["a count too small", "@@ -1 +1,2 @@\n-a\n-b\n+c\n+d\n", 3, message("diff.lines-over")],
    ["lines too many", "@@ -1 +1 @@\n-a\n+b\n c\n", 4, message("diff.header-expected")],
    [
      "an empty line between",
      "@@ -1 +1 @@\n-a\n+b\n\n@@ -9 +9 @@\n-a\n+b\n",
      4,
      message("diff.header-expected"),
    ],
    ["an overlap", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -2 +2 @@\n-b\n+c\n", 5, message("diff.hunks-overlap")],
    [
      "sides out of step",
      "@@ -1 +1,2 @@\n a\n+b\n@@ -9 +9 @@\n-b\n+c\n",
      4,
      message("diff.sides-apart", { old: 7, new: 6 }),
    ],
    [
      "a mark before any line",
      "@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n",
      2,
      message("diff.lines-missing", { old: 1, new: 1 }),
    ],
    [
      "a line after the end",
      "@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n-b\n+c\n",
      2,
      message("diff.lines-after-end"),
    ],
    [
      "a hunk after the end",
      "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n@@ -9 +9 @@\n-a\n+b\n",
      5,
      message("diff.hunk-after-end"),
    ],
  ];
  for (const [name, text, line, reason] of malformed) {
    test(`are refused with ${name}`, () => {
      assert.deepEqual(parseHunks(text), { kind: "malformed", line, reason });
    });
  }

  test("property: are refused when any line is lost or doubled, wherever", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "", "-- a", "++ b", "@@ -1 +1 @@", "\r"), { maxLength: 25 })
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, fc.nat(), (oldText, newText, pick) => {
        const rows = unifiedHunks(oldText, newText).split("\n").slice(0, -1);
        if (rows.length === 0) return;
        const at = pick % rows.length;
        const row = rows[at] ?? "";
        assert.equal(parseHunks(rows.join("\n")).kind, "hunks");
        // The mark of a missing line feed is not counted, so nobody can tell that it was lost.
        if (row.startsWith("\\")) return;
        assert.equal(parseHunks(rows.toSpliced(at, 1).join("\n")).kind, "malformed");
        assert.equal(parseHunks(rows.toSpliced(at, 0, row).join("\n")).kind, "malformed");
      }),
      { numRuns: 500 },
    );
  });
});
