import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { FileDiff } from "../../../src/diff/file-diff.ts";
import type { LinePoint } from "../../../src/diff/position.ts";
import type { Anchor, Finding } from "../../../src/review/finding.ts";
import { anchorFinding } from "../../../src/review/findings/anchor-findings.ts";
import { fileOf, findingOf, hunkOf } from "./files.ts";

const anchorOf = (fields: Partial<Finding>, ...files: FileDiff[]): Anchor =>
  anchorFinding(findingOf(fields), files).anchor;

/** `+12` for an added line, `-12` for a removed one, `11/12` for an unchanged one. */
const nameOf = ({ oldLine, newLine }: LinePoint): string => {
  if (oldLine === null) return `+${newLine}`;
  return newLine === null ? `-${oldLine}` : `${oldLine}/${newLine}`;
};

const placeOf = (fields: Partial<Finding>, ...files: FileDiff[]): string => {
  const anchor = anchorOf(fields, ...files);
  if (anchor.kind === "file" || anchor.kind === "summary") return anchor.kind;
  const [start, end] = [nameOf(anchor.start), nameOf(anchor.end)];
  return start === end ? start : `${start}..${end}`;
};

const SHOP = fileOf(
  hunkOf(10, 10, [
    " function total(items) {",
    "-  var sum = 0;",
    "+  let sum = 0;",
    "+  let count = 0;",
    "   for (const item of items) {",
    "-    sum += item.price;",
    "+    sum += item.price * item.count;",
    "   }",
    "   return sum;",
  ]) +
    hunkOf(50, 51, [
      " function first(items) {",
      "+  if (items === null) return null;",
      "   return items[0];",
      " }",
    ]),
);

suite("the quote finds the lines", () => {
  test("on the new side, whatever line is stated", () => {
    assert.equal(placeOf({ quote: "  let count = 0;", line: 51 }, SHOP), "+12");
    assert.equal(placeOf({ quote: "let sum = 0;" }, SHOP), "+11");
    assert.equal(placeOf({ quote: "\tsum  +=\titem.price*item.count;\r", line: 14 }, SHOP), "+14");
  });

  test("on the old side", () => {
    assert.equal(placeOf({ side: "old", quote: "  var sum = 0;", line: 11 }, SHOP), "-11");
    assert.equal(placeOf({ side: "old", quote: "return sum;", line: 15 }, SHOP), "15/16");
  });

  test("on the other side, or across both, when its own has no such lines", () => {
    assert.equal(placeOf({ side: "new", quote: "  var sum = 0;", line: 11 }, SHOP), "-11");
    const mixed = "-    sum += item.price;\n+    sum += item.price * item.count;";
    assert.equal(placeOf({ quote: mixed, line: 14 }, SHOP), "-13..+14");
  });

  test("over several lines, with blank lines and left-out lines around it", () => {
    assert.equal(placeOf({ quote: "\n  let sum = 0;\n  let count = 0;\n" }, SHOP), "+11..+12");
    assert.equal(placeOf({ quote: "  let sum = 0;\n  let count = 0;\n  ...\n}" }, SHOP), "+11..+12");
  });

  test("with the gutters, signs and fences that a model copied", () => {
    for (const quote of [
      "    11 + |   let sum = 0;\n    12 + |   let count = 0;",
      "11: let sum = 0;\n12: let count = 0;",
      "+  let sum = 0;\n+  let count = 0;",
      "```js\n  let sum = 0;\n  let count = 0;\n```",
    ])
      assert.equal(placeOf({ quote }, SHOP), "+11..+12", quote);
    assert.equal(placeOf({ quote: "    11 - |   var sum = 0;", side: "old" }, SHOP), "-11");
  });

  test("where its first and last line are parts of lines", () => {
    assert.equal(placeOf({ quote: "item.price * item.count" }, SHOP), "+14");
    assert.equal(placeOf({ quote: "(items) {\n  let sum", line: 10 }, SHOP), "10/10..+11");
  });

  test("by its longest line when it is nowhere as a whole", () => {
    assert.equal(placeOf({ quote: "  let sum = 0;\n  let counter = 0;\n}", line: 30 }, SHOP), "+11");
  });

  test("a range over the gap of two hunks is cut to the first", () => {
    assert.equal(placeOf({ quote: "  return sum;\nfunction first(items) {" }, SHOP), "15/16");
    assert.equal(placeOf({ line: 15, endLine: 52 }, SHOP), "14/15..15/16");
  });

  test("a quote of the first line has the stated length", () => {
    assert.equal(placeOf({ quote: "  let sum = 0;", line: 11, endLine: 13 }, SHOP), "+11..12/13");
  });

  test("as a model saw it: secrets masked, what nobody sees made visible", () => {
    const token = ["glpat", "a1B2c3D4e5F6g7H8i9J0"].join("-");
    const file = fileOf(hunkOf(1, 1, [` const a = 1;`, `+const t = "${token}";`, "+const u\u202e = 2;"]));
    assert.equal(placeOf({ quote: 'const t = "[masked: gitlab-token]";' }, file).slice(0, 2), "+2");
    assert.equal(placeOf({ quote: `const t = "${token}";` }, file), "+2");
    assert.equal(placeOf({ quote: "const u⟨U+202E⟩ = 2;" }, file), "+3");
    assert.equal(placeOf({ quote: "const u = 2;" }, file), "+3");
  });
});

suite("of several places the nearest wins", () => {
  const twins = fileOf(
    hunkOf(1, 1, [
      " start();",
      "+close();",
      " use(close());",
      " a();",
      " close();",
      " b();",
      "+close();",
      " end();",
    ]),
  );

  test("never the first", () => {
    assert.equal(placeOf({ quote: "close();", line: 2 }, twins), "+2");
    assert.equal(placeOf({ quote: "close();", line: 5 }, twins), "4/5");
    assert.equal(placeOf({ quote: "close();", line: 8 }, twins), "+7");
  });

  test("an exact tie prefers changed lines", () => {
    assert.equal(placeOf({ quote: "close();", line: 6 }, twins), "+7");
  });

  test("a removed line near by counts for more than a new one far away", () => {
    const far = fileOf(hunkOf(1, 1, [" a();", "-close(x);"]) + hunkOf(300, 299, [" b();", "+close(x);"]));
    assert.equal(placeOf({ quote: "close(x);", line: 2 }, far), "-2");
    assert.equal(placeOf({ quote: "close(x);", line: 299 }, far), "+300");
    assert.equal(placeOf({ quote: "close(x);", side: "old", line: 150 }, far), "-2");
  });

  test("a part of a line near by counts for more than a whole line far away", () => {
    const far = fileOf(
      hunkOf(1, 1, [" a();", "+return null"]) + hunkOf(300, 301, [" b();", "+  return null;"]),
    );
    assert.equal(placeOf({ quote: "return null", line: 301 }, far), "+302");
    assert.equal(placeOf({ quote: "return null", line: 3 }, far), "+2");
  });
});

suite("what has no lines falls back", () => {
  test("without a quote the stated line holds where it is in a hunk", () => {
    assert.equal(placeOf({ line: 12 }, SHOP), "+12");
    assert.equal(placeOf({ line: 10, endLine: 12 }, SHOP), "10/10..+12");
    assert.equal(placeOf({ side: "old", line: 13 }, SHOP), "-13");
  });

  test("to the file without a line and a quote", () => {
    assert.equal(placeOf({}, SHOP), "file");
    assert.equal(placeOf({}, fileOf("")), "file");
  });

  test("to the summary with its stated line, and to no other line", () => {
    for (const fields of [
      { quote: "nowhere at all", line: 16 },
      { quote: "nowhere at all", line: 12 },
      { quote: "nowhere at all" },
      { line: 48 },
      { side: "old", line: 20 },
      { line: 900 },
    ] as const) {
      const found = anchorFinding(findingOf(fields), [SHOP]);
      assert.deepEqual(
        [found.anchor.kind, found.finding.line],
        ["summary", "line" in fields ? fields.line : null],
        JSON.stringify(fields),
      );
    }
    assert.equal(placeOf({ line: 5 }, fileOf("")), "summary");
  });

  test("to the summary where GitLab has no position for its lines, with the lines that they are", () => {
    const query = fileOf(
      hunkOf(10, 10, [" SELECT *", "--- all users", "--- also those who left", "+FROM people", " WHERE 1"]),
    );
    const gone = anchorFinding(findingOf({ side: "old", quote: "-- all users", line: 2 }), [query]);
    assert.deepEqual(
      [gone.anchor.kind, gone.finding.side, gone.finding.line, gone.finding.endLine],
      ["summary", "old", 11, null],
    );
    const part = "-- also those who left\nFROM people";
    assert.equal(placeOf({ quote: part, line: 11 }, query), "-12..+11");
  });

  test("to the summary without a file", () => {
    assert.equal(placeOf({ path: "src/b.ts", line: 5 }, SHOP), "summary");
  });

  test("a deleted file has old lines only, an added one new lines only", () => {
    const gone = fileOf(hunkOf(1, 1, ["-a();", "-b();"]), { change: "deleted" });
    assert.equal(placeOf({ line: 2 }, gone), "-2");
    const fresh = fileOf(hunkOf(1, 1, ["+a();", "+b();"]), { change: "added" });
    assert.equal(placeOf({ side: "old", line: 2 }, fresh), "+2");
  });

  test("a renamed file is found by either path", () => {
    const moved = fileOf(hunkOf(1, 1, ["-a();", "+b();"]), { oldPath: "src/old.ts", change: "renamed" });
    assert.equal(placeOf({ path: "src/old.ts", side: "old", quote: "a();" }, moved), "-1");
    assert.equal(placeOf({ path: "src/a.ts", quote: "b();" }, moved), "+1");
  });
});
