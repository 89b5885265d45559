import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { Json } from "../../src/base/json.ts";
import { numberText } from "../../src/base/model-json/json-number.ts";
import { markdownOfVariable } from "../../src/flow/value-markdown.ts";
import { pythonJson, pythonRepr, textOfValue, textOfVariable } from "../../src/flow/value-text.ts";
import { exactVariable, variableAs, variableOf } from "../../src/flow/value-type.ts";

describe("the text of a value", () => {
  const rows: readonly (readonly [Json, string])[] = [
    [null, ""],
    ["", ""],
    ["text", "text"],
    [true, "True"],
    [false, "False"],
    [0, "0"],
    [-7, "-7"],
    [0.5, "0.5"],
    [1e-5, "1e-05"],
    [0.0001, "0.0001"],
    [123456789.125, "123456789.125"],
    [2 ** 53, "9007199254740992"],
    [[], ""],
    [["a", "ü"], '["a", "ü"]'],
    [[1, 2.5], "[1, 2.5]"],
    [[true, null], "[True, None]"],
    [[{ a: "it's" }], `[{'a': "it's"}]`],
    [[["x"]], "[['x']]"],
    [{}, "{}"],
    [{ a: 1, b: [null, "é"], c: { d: false } }, '{"a": 1, "b": [null, "é"], "c": {"d": false}}'],
    [{ k: 'quote " and \\ and \n' }, String.raw`{"k": "quote \" and \\ and \n"}`],
  ];
  for (const [value, text] of rows) {
    it(`of ${JSON.stringify(value)} is ${JSON.stringify(text)}`, () => {
      assert.equal(textOfValue(value), text);
    });
  }

  it("of a whole float has a point, and of files there is none", () => {
    assert.equal(textOfVariable(variableAs("float", 1)), "1.0");
    assert.equal(textOfVariable(variableAs("float", -0)), "-0.0");
    assert.equal(textOfVariable(variableAs("float", 1e16)), "1e+16");
    assert.equal(textOfVariable(variableAs("float", 123456789012345680)), "1.2345678901234568e+17");
    assert.equal(textOfVariable(exactVariable(10n ** 21n)), "1000000000000000000000");
    // JSON writes a number so large with an exponent, and Python then reads a float.
    assert.equal(textOfVariable(variableAs("integer", 1e21)), "1e+21");
    assert.equal(textOfVariable(variableAs("array[file]", [{ url: "x" }])), "");
  });

  it("reads back as the same value: JSON as JSON, numbers as numbers", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        const value = Json.parse(JSON.parse(JSON.stringify(raw)));
        assert.deepEqual(JSON.parse(pythonJson(value)), value);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(Number(numberText(value, true)), value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("Python's repr of texts", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["plain", "'plain'"],
    ["it's", `"it's"`],
    [`both ' and "`, String.raw`'both \' and "'`],
    ["a\n\t\\", String.raw`'a\n\t\\'`],
    ["\u0000\u007f\u00a0", String.raw`'\x00\x7f\xa0'`],
    ["\u200b\u2028", String.raw`'\u200b\u2028'`],
    ["日本語 😀", "'日本語 😀'"],
    ["\u{e0001}", String.raw`'\U000e0001'`],
  ];
  for (const [text, repr] of rows) {
    it(`of ${JSON.stringify(text)} is ${repr}`, () => {
      assert.equal(pythonRepr(text), repr);
    });
  }
});

describe("the markdown of a value", () => {
  it("indents objects, lists items and links files", () => {
    assert.equal(
      markdownOfVariable(variableOf({ a: [], b: { c: [1] } })),
      '{\n  "a": [],\n  "b": {\n    "c": [\n      1\n    ]\n  }\n}',
    );
    assert.equal(markdownOfVariable(variableOf([1, "x", { a: null }])), "- 1\n- x\n- {'a': None}");
    const file = { type: "image", url: "https://x.example/a.png", filename: "a.png" };
    assert.equal(markdownOfVariable(variableAs("file", file)), "![a.png](https://x.example/a.png)");
    assert.equal(
      markdownOfVariable(variableAs("array[file]", [{ ...file, type: "document" }])),
      "[a.png](https://x.example/a.png)",
    );
    assert.equal(markdownOfVariable(variableOf([])), "");
  });
});
