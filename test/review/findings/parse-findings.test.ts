import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { FINDING_LIMITS, parseFindings } from "../../../src/review/findings/parse-findings.ts";

const PATHS = ["src/a.ts", "lib/b.py", "docs/日本語.md"];
const parse = (output: Json, paths: readonly string[] = PATHS) => parseFindings(output, { paths });
const titlesOf = (output: Json) => parse(output).findings.map(({ title }) => title);
const reasonsOf = (output: Json, paths?: readonly string[]) =>
  parse(output, paths).rejected.map(({ reason }) => reason.code);

const ONE = '{"path": "src/a.ts", "line": 3, "title": "One", "body": "First."}';
const TWO = '{"path": "lib/b.py", "line": 4, "title": "Two", "body": "Second."}';

suite("the form of findings may be broken", () => {
  const both: Readonly<Record<string, Json>> = {
    "a JSON array": `[${ONE},${TWO}]`,
    "JSON already": [JSON.parse(ONE), JSON.parse(TWO)],
    "JSON in a string in JSON": JSON.stringify(`[${ONE},${TWO}]`),
    "JSON in a string under its key": { overview: "fine", findings: `[${ONE},${TWO}]` },
    "an object with the list": `{"overview": "x", "issues": [${ONE}, ${TWO}]}`,
    "a fence with prose around it": `Here [are] the {findings}:\n\n\`\`\`json\n[${ONE},\n${TWO}]\n\`\`\`\nThat's "all".`,
    "several fences": `First:\n\`\`\`json\n[${ONE}]\n\`\`\`\nand then\n\`\`\`\n${TWO}\n\`\`\``,
    "JSON Lines": `${ONE}\n${TWO}\n`,
    "trailing commas and comments": `[ // two\n${ONE.replace("}", ",}")}, /* and */ ${TWO},]`,
    "missing commas": `[${ONE}\n${TWO.replaceAll('", "', '" "')}]`,
    "a missing brace": `[${ONE.slice(0, -1)}, ${TWO}]`,
    "single quotes and bare keys": `[{path: 'src/a.ts', line: 3, title: 'One', body: 'It\\'s "here"'}, ${TWO}]`,
    "curly quotes": `[${ONE.replaceAll(/"([^"]*)"/g, "“$1”")}, ${TWO}]`,
    "Python's words": `[${ONE.replace('"line": 3', '"line": None, "x": True')}, ${TWO}]`,
    "raw line feeds in strings": `[${ONE.replace("First.", "First\nand more.")}, ${TWO}]`,
    "quotes in strings": `[${ONE.replace("First.", 'Use "x", not "y"')}, ${TWO}]`,
    "template strings": `[${ONE.replace('"First."', '`First.\nAnd "more"`')}, ${TWO}]`,
    "dots for what was left out": `[${ONE}, ${TWO}, ...]`,
    "escaped JSON": `[${ONE},${TWO}]`.replaceAll('"', '\\"'),
    "thinking before it": `<think>maybe [{"path":"src/a.ts","title":"Draft"}]?</think>\n[${ONE},${TWO}]`,
    "thinking without its first tag": `maybe [{"path":"src/a.ts","title":"Draft"}]?\n</think>\n[${ONE},${TWO}]`,
    "grouped by file": {
      files: [
        { path: "src/a.ts", findings: [{ line: 3, title: "One" }] },
        { file: "lib/b.py", comments: [{ line: 4, title: "Two" }] },
      ],
    },
  };
  for (const [name, output] of Object.entries(both)) {
    test(name, () => {
      assert.deepEqual(titlesOf(output), ["One", "Two"]);
      assert.deepEqual(reasonsOf(output), []);
    });
  }

  test("a single object is one finding", () => assert.deepEqual(titlesOf(ONE), ["One"]));

  test("what was cut off is rejected, what stood before it is kept", () => {
    const cut = parse(`{"findings": [${ONE}, ${TWO.slice(0, -3)}`);
    assert.deepEqual(
      cut.findings.map(({ title }) => title),
      ["One"],
    );
    assert.deepEqual(
      cut.rejected.map(({ reason }) => reason.code),
      ["findings.cut-off"],
    );
    assert.match(cut.rejected[0]?.text ?? "", /Two/);
  });

  test("a list that is not closed is reported, though all in it is whole", () => {
    assert.deepEqual(titlesOf(`[${ONE}, ${TWO},`), ["One", "Two"]);
    assert.deepEqual(reasonsOf(`[${ONE}, ${TWO},`), ["findings.list-open"]);
  });

  test("thinking that never ends holds no findings", () => {
    assert.deepEqual(titlesOf(`<think>I would say [${ONE}]`), []);
    assert.equal(reasonsOf(`<think>I would say [${ONE}]`).length, 1);
  });

  test("code in prose is no finding", () => {
    const code = `Look:\n\`\`\`js\nconst x = [{ path: "src/a.ts", title: "no" }];\n\`\`\`\n\n\`\`\`json\n[${ONE}]\n\`\`\``;
    assert.deepEqual(titlesOf(code), ["One"]);
    assert.deepEqual(parse('It answers {"code": 404, "message": "Not found"}.', ["src/a.ts"]).findings, []);
  });

  test("text that is made to be slow is not", () => {
    for (const unit of ["[", '{"a":', '["x",', '"', "<think", "```js\n", "\\"]) {
      const { findings } = parse(unit.repeat(20_000));
      assert.deepEqual(findings, []);
    }
  });
});

suite("nothing is nothing only when it is said", () => {
  const saying: readonly Json[] = [
    "[]",
    { findings: [] },
    "```json\n[]\n```",
    "The findings: []",
    "No issues found.",
    "I did not find any problems.",
    "There are no issues.",
    "LGTM!",
    "None",
    "問題は見つかりませんでした。",
    "指摘事項はありません。",
    "특별한 문제가 없습니다.",
    "没有发现问题。",
  ];
  for (const output of saying) {
    test(JSON.stringify(output), () => {
      assert.deepEqual(parse(output), { findings: [], rejected: [] });
    });
  }
  const unclear: readonly Json[] = [
    "",
    null,
    7,
    "The loop in `src/a.ts` runs once too often.",
    "No critical issues, the loop is off by one.",
    "No problems, but the loop is off by one.",
    "The list [] is never filled.",
    { overview: "fine" },
    {},
    "{}",
    '{"findings": null}',
    "```json\n{}\n```",
    '{"overview": "Adds a flag.", "findings": null}',
  ];
  for (const output of unclear) {
    test(`not by ${JSON.stringify(output)}`, () => {
      assert.deepEqual(parse(output).findings, []);
      assert.equal(parse(output).rejected.length, 1);
    });
  }
});

suite("the meaning of findings must hold", () => {
  const read = (fields: { readonly [key: string]: Json }, paths = PATHS) =>
    parse([{ path: "src/a.ts", title: "T", ...fields }], paths).findings[0];

  test("paths: prefixes, slashes and lines behind them", () => {
    const stated = [
      "./src/a.ts",
      "a/src/a.ts",
      "b/src/a.ts",
      "/src/a.ts",
      "src\\a.ts",
      "`src/a.ts`",
      "src/a.ts:12",
      "a.ts",
      "src/a.ts (modified)",
      "=== src/a.ts (added) ===",
      "src/a.ts (renamed from src/old.ts)",
    ];
    for (const path of stated) assert.equal(read({ path })?.path, "src/a.ts", path);
    assert.equal(read({ path: "src/a.ts:12-14" })?.endLine, 14);
    assert.equal(read({ path: "docs/日本語.md".normalize("NFD") })?.path, "docs/日本語.md");
  });

  test("a path that is there as it stands is taken as it stands", () => {
    assert.equal(read({ path: "a/x.ts" }, ["x.ts", "a/x.ts"])?.path, "a/x.ts");
  });

  test("other paths are rejected: unknown, fitting two, only the end of a name", () => {
    const paths = ["one/x.ts", "two/x.ts", "src/data.ts"];
    const of = (path: string) => reasonsOf([{ path, title: "T" }], paths);
    assert.deepEqual(of("y.ts"), ["findings.path-unknown"]);
    assert.deepEqual(of("x.ts"), ["findings.path-ambiguous"]);
    assert.deepEqual(of("a.ts"), ["findings.path-unknown"]);
    assert.deepEqual(of("../src/data.ts"), ["findings.path-unknown"]);
  });

  test("no path is right only for the one file there is, and with a line", () => {
    assert.equal(parse([{ line: 3, title: "T" }], ["x.ts"]).findings[0]?.path, "x.ts");
    assert.deepEqual(reasonsOf([{ line: 3, title: "T" }]), ["findings.path-missing"]);
  });

  test("something must be said", () => {
    assert.deepEqual(reasonsOf([{ path: "src/a.ts", line: 3, body: " \u0000" }]), ["findings.text-missing"]);
  });

  test("lines", () => {
    const lines = (line: Json, end_line: Json = null) => {
      const finding = read({ line, end_line });
      return [finding?.line, finding?.endLine];
    };
    assert.deepEqual(lines(3, 5), [3, 5]);
    assert.deepEqual(lines("3", "5"), [3, 5]);
    for (const range of ["12-15", "L12-L15", "12 – 15", "lines 12 to 15"])
      assert.deepEqual(lines(range), [12, 15], range);
    assert.deepEqual(lines([12, 15]), [12, 15]);
    assert.deepEqual(lines(5, 5), [5, null]);
    assert.deepEqual(lines(9, 3), [9, null]);
    for (const absurd of [0, -4, 1.5, 1e12, "-4", "many", true, {}])
      assert.deepEqual(lines(absurd), [null, null], JSON.stringify(absurd));
  });

  test("a number that was copied with its minus is a removed line's", () => {
    assert.equal(read({ line: "13 -" })?.side, "old");
    assert.equal(read({ line: "13 +" })?.side, "new");
    assert.equal(read({ line: 13, side: "LEFT" })?.side, "old");
  });

  test("severities, categories and confidences in many words", () => {
    const severities = {
      Critical: "critical",
      HIGH: "major",
      warning: "minor",
      nit: "info",
      "🔴 blocker": "critical",
      "non-critical": "minor",
      "?": "minor",
      重大: "critical",
    };
    for (const [word, severity] of Object.entries(severities))
      assert.equal(read({ severity: word })?.severity, severity, word);
    assert.equal(read({ category: "Error Handling" })?.category, "error-handling");
    assert.equal(read({ category: "error-handling" })?.category, "error-handling");
    assert.equal(read({ type: "possible bug" })?.category, "bug");
    assert.equal(read({ category: "mystery" })?.category, "other");
    const confidences: readonly (readonly [Json, number])[] = [
      [0.8, 0.8],
      [85, 0.85],
      ["85%", 0.85],
      ["8/10", 0.8],
      ["high", 0.9],
      [1, 1],
      [-1, 0.5],
      [4000, 0.5],
      [null, 0.5],
    ];
    for (const [stated, confidence] of confidences)
      assert.equal(read({ confidence: stated })?.confidence, confidence);
  });

  test("aliases of keys, in any spelling", () => {
    const { findings } = parse([
      {
        FileName: "src/a.ts",
        "Start Line": "3",
        endLine: 4,
        existing_code: "x",
        message: "It is wrong. More.",
        improvedCode: "y",
      },
    ]);
    assert.deepEqual(
      findings.map(({ line, endLine, quote, title, suggestion }) => ({
        line,
        endLine,
        quote,
        title,
        suggestion,
      })),
      [{ line: 3, endLine: 4, quote: "x", title: "It is wrong", suggestion: "y" }],
    );
  });

  test("sizes are limited and control characters go", () => {
    const long = read({
      title: `a\u0007\u202e${"b".repeat(900)}`,
      body: "c".repeat(90_000),
      suggestion: "d".repeat(90_000),
    });
    assert.equal(long?.title.length, FINDING_LIMITS.title);
    assert.ok(long?.title.startsWith("ab"));
    assert.equal(long?.body.length, FINDING_LIMITS.body);
    assert.equal(long?.suggestion, null);
    assert.equal(read({ title: "one\r\ntwo" })?.title, "one two");
  });
});
