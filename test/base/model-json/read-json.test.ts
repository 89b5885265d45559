import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type JsonNode, toJson } from "../../../src/base/model-json/json-node.ts";
import {
  createJsonReader,
  findJsonObject,
  readJsonObject,
  readJsonText,
} from "../../../src/base/model-json/read-json.ts";
import { writeJson } from "../../../src/base/model-json/write-json.ts";
import { fc } from "../../properties.ts";

const valueOf = (text: string): unknown => {
  const read = readJsonText(text);
  return read.ok ? toJson(read.node) : read.reason;
};
const written = (text: string): string => {
  const read = readJsonText(text);
  if (!read.ok) return read.reason;
  const result = writeJson(read.node);
  return result.ok ? result.text : result.reason;
};

/** What a damaged text is made of. */
const PIECES = ["{", "}", "[", "]", "(", ")", '"', "'", "“", "”", ":", ",", "\\", "\n", " ", "a", "b c"];
const MORE = ["1", "-", ".5", "true", "None", "//", "/*", "#", "```json\n", "...", "\\u00", '{"a":', '"x"'];

suite("a text that is JSON", () => {
  test("is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        assert.deepEqual(valueOf(text), JSON.parse(text));
        const read = readJsonText(text);
        assert.deepEqual(read.ok && [read.repaired, read.doubtful], [false, false]);
      }),
      { numRuns: 500 },
    );
  });

  test("is written again as the same value", () => {
    const stable = fc.jsonValue().filter((value) => JSON.stringify(value).isWellFormed());
    fc.assert(
      fc.property(stable, (value) => {
        const text = JSON.stringify(value);
        const again = written(text);
        if (again !== "ill-formed") assert.deepEqual(JSON.parse(again), JSON.parse(text));
      }),
    );
  });

  test("is written with the numbers of Python and the last entry of a key", () => {
    assert.equal(
      written('{"a": 12345678901234567890, "b": 1.0, "c": 1e3, "d": -0, "e": 1E-7}'),
      '{"a":12345678901234567890,"b":1.0,"c":1000.0,"d":0,"e":1e-07}',
    );
    assert.equal(written('{"2": 1, "1": 2, "2": 3}'), '{"2":3,"1":2}');
    assert.equal(written('["\\u6d41", "\\ud83d\\ude00", "\\n"]'), '["流","😀","\\n"]');
  });

  test("is not written where Python refuses it", () => {
    assert.equal(written("[NaN]"), "not-finite");
    assert.equal(written("[1e400]"), "not-finite");
    assert.equal(written('["\\ud800"]'), "ill-formed");
  });
});

suite("a damaged text, as json_repair 0.64 reads it,", () => {
  test("has an object where a key stands among the items of a list", () => {
    assert.deepEqual(valueOf('["x", "a": "b" }, "q"]'), ["x", { a: "b" }, "q"]);
    assert.deepEqual(valueOf('["a": "b", "c"]'), [{ a: "b", c: "" }]);
    assert.deepEqual(valueOf('{"k": ["x", "a": "b"}'), { k: ["x"], a: "b" });
    assert.deepEqual(valueOf('{"k": ["x", "say "hi": now", "z"]}'), { k: ["x", 'say "hi": now', "z"] });
  });

  test("keeps what is empty only where the list goes on or ends right behind it", () => {
    assert.deepEqual(valueOf('["a", []'), ["a"]);
    assert.deepEqual(valueOf('["a" 1, [], ""]'), ["a", 1, [], ""]);
    assert.deepEqual(valueOf('["a" 1, [] ]'), ["a", 1]);
  });

  test("keeps the first value as it stands where that is JSON", () => {
    assert.deepEqual(valueOf('x {"a": "l\\n", "b": [[] ]} y'), { a: "l\n", b: [[]] });
    assert.deepEqual(valueOf('x {"a": "l\\n"} {"a": "m\\n", "b": 1}'), [{ a: "l\n" }, { a: "m", b: 1 }]);
    assert.deepEqual(valueOf('{"a": "l\\n"}, y'), { a: "l" });
  });
});

suite("any text", () => {
  test("is read without an error", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 60 }), (pieces) => {
        const text = pieces.join("");
        const read = readJsonText(text);
        if (read.ok) writeJson(read.node);
        readJsonObject(text);
        findJsonObject(text);
        const readAt = createJsonReader(text);
        for (const { index } of text.matchAll(/[{[]/g)) readAt(index);
      }),
      { numRuns: 2000 },
    );
  });

  // Time that grows with the square of the length is minutes here, and the test's own limit ends it.
  test("of 400,000 characters is read in one go", { timeout: 120_000 }, () => {
    for (const unit of ['"', "[", "{", "'", "\\", '{"a":', '["x",', '"a"', "[1]", '{"a":"x, ', '[["a": ']) {
      const text = `{"k": "${unit.repeat(400_000 / unit.length)}`;
      const read = readJsonText(text);
      assert.ok(read.ok || read.reason !== "no-json", unit);
    }
  });

  test("that is nested too deeply is refused by that name", () => {
    assert.equal(valueOf("[".repeat(400_000)), "too-deep");
    assert.equal(valueOf(`${"[".repeat(2_000)}${"]".repeat(2_000)}`), "too-deep");
    assert.equal(valueOf("no value here"), "no-json");
  });

  test("put into a string of JSON as it is keeps what is not quotes and commas", () => {
    const word = fc.constantFrom(
      "a",
      "流",
      "\\d+",
      '"q"',
      "it's",
      "`c`",
      "\n",
      "- b",
      "**x**",
      "(see)",
      "C:\\dir",
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const body = `x ${words.join(" ")} y`;
        assert.deepEqual(valueOf(`{"body": "${body}", "n": 1}`), { body, n: 1 });
      }),
      { numRuns: 500 },
    );
  });
});

suite("an object in an answer", () => {
  const plain = (node: JsonNode | null) => (node === null ? null : toJson(node));
  const WANTED = { a: [1, { b: "x}y" }] };
  const WHOLE = '{"a": [1, {"b": "x}y"}]}';
  const forms: readonly (readonly [string, string])[] = [
    ["bare", WHOLE],
    ["in a fence", `\`\`\`json\n${WHOLE}\n\`\`\``],
    ["between prose", `Sure! ${WHOLE} Anything else?`],
    ["after prose with brackets", `As [1] says: ${WHOLE}`],
    ["as the only item of a list", `[${WHOLE}]`],
  ];
  const damaged: readonly (readonly [string, string])[] = [
    ["with trailing commas", '{"a": [1, {"b": "x}y",},],}'],
    ["with single quotes and comments", "{'a': [1, {'b': 'x}y'}]} // done"],
    ["without its end", '{"a": [1, {"b": "x}y"'],
  ];
  for (const [what, text] of [...forms, ...damaged]) {
    test(`is read ${what}`, () => assert.deepEqual(plain(readJsonObject(text)), WANTED));
  }
  for (const [what, text] of forms.filter(([name]) => !name.includes("brackets"))) {
    test(`is found ${what}`, () => assert.deepEqual(plain(findJsonObject(text)), WANTED));
  }

  test("is not found where it is damaged", () => {
    assert.equal(findJsonObject("{'a': 1}"), null);
    assert.equal(findJsonObject('{"a": 1,}'), null);
    assert.equal(findJsonObject('{x} {"a": 1'), null);
  });

  test("is taken whole from among damaged things, with where it ends", () => {
    const text = 'list: [{"a": "x\\n"}, {"a": "cut';
    const read = createJsonReader(text)(6);
    assert.ok(read.ok && read.node.kind === "array");
    assert.equal(read.node.cut, true);
    assert.deepEqual(
      read.node.items.map((item) => [toJson(item), item.cut]),
      [
        [{ a: "x\n" }, false],
        [{ a: "cut" }, true],
      ],
    );
  });
});
