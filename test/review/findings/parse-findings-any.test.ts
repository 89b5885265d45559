import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { Json } from "../../../src/base/json.ts";
import { parseFindings } from "../../../src/review/findings/parse-findings.ts";

const PATHS = ["src/a.ts", "lib/b.py", "docs/日本語.md"];
const parse = (output: Json) => parseFindings(output, { paths: PATHS });

suite("any list of findings, wrapped and cut in any way", () => {
  const text = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 })
    .filter((value) => value.trim() !== "");
  const rows = fc.array(
    fc.record({
      path: fc.constantFrom(...PATHS),
      line: fc.integer({ min: 1, max: 9_999 }),
      title: text,
      body: fc.oneof(
        text,
        fc.constantFrom(
          "```js\n[{}]\n```",
          '{"path": "src/a.ts", "title": "inner"}',
          "a </think> b",
          "it's “so” // x",
          "tail \\",
        ),
      ),
      suggestion: fc.constantFrom("if (a[0]) {\n  b({ c: 'd' });\n}", "```", "\n"),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const prose = fc
    .array(
      fc.constantFrom(
        "Here",
        "are",
        "the",
        "findings:",
        "[1]",
        "`a[i]`",
        "{x}",
        "it's",
        '"quoted"',
        "1.",
        "\n",
        "- so",
        "f(x) { y }",
        "[see",
        "<b>",
      ),
      { maxLength: 12 },
    )
    .map((words) => words.join(" "));
  const form = fc.constantFrom("bare", "fence", "object", "lines", "pretty");
  const write = (list: readonly unknown[], kind: string): string => {
    if (kind === "lines") return list.map((row) => JSON.stringify(row)).join("\n");
    if (kind === "object") return JSON.stringify({ overview: "so [it] is", findings: list });
    if (kind === "pretty") return JSON.stringify(list, null, 2);
    return kind === "fence" ? `\`\`\`json\n${JSON.stringify(list)}\n\`\`\`` : JSON.stringify(list);
  };
  type Rows = typeof rows extends fc.Arbitrary<infer T> ? T : never;
  const meant = (list: Rows) =>
    list.map(({ path, line, body, suggestion }) => ({ path, line, body: body.trim(), suggestion }));
  const got = (output: string) =>
    parse(output).findings.map(({ path, line, body, suggestion }) => ({ path, line, body, suggestion }));

  test("come back exactly", () => {
    fc.assert(
      fc.property(rows, form, prose, prose, (list, kind, before, after) => {
        assert.deepEqual(got(`${before}\n${write(list, kind)}\n${after}`), meant(list));
      }),
      { numRuns: 400 },
    );
  });

  test("come back as far as they are whole, and the cut one is told", () => {
    fc.assert(
      fc.property(
        rows,
        form,
        prose,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, kind, before, share) => {
          const written = write(list, kind);
          const end = Math.floor(written.length * share);
          const whole = list.filter((row) => {
            const one = kind === "pretty" ? JSON.stringify([row], null, 2).slice(2, -2) : JSON.stringify(row);
            const at = written.indexOf(one);
            return at >= 0 && at + one.length <= end;
          });
          const output = `${before}\n${written.slice(0, end)}`;
          assert.deepEqual(got(output), meant(whole));
          // Between two lines of JSON Lines a cut does not show.
          if (whole.length < list.length && kind !== "lines") assert.ok(parse(output).rejected.length > 0);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("nothing is ever thrown", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      ":",
      ",",
      "\\",
      "path",
      "src/a.ts",
      "title",
      " ",
      "\n",
      "```",
      "<think>",
      "</think>",
      "//",
      "/*",
      "1",
      "null",
      "“",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        parse(pieces.join(""));
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void parse(Json.parse(value))),
      { numRuns: 300 },
    );
  });
});
