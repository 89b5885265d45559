import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../properties.ts";
import { parseObjectLeniently } from "../../../../src/flow/nodes/llm/lenient-json.ts";

describe("parseObjectLeniently", () => {
  const WANTED = { a: [1, { b: "x}y" }] };
  const FORMS: readonly (readonly [string, string])[] = [
    ["bare", '{"a": [1, {"b": "x}y"}]}'],
    ["in a fence", '```json\n{"a": [1, {"b": "x}y"}]}\n```'],
    ["in a fence of no language, with prose", 'Here you are:\n```\n{"a": [1, {"b": "x}y"}]}\n```\nBye.'],
    ["between prose", 'Sure! {"a": [1, {"b": "x}y"}]} Anything else?'],
    ["after prose with brackets", 'As [1] says: {"a": [1, {"b": "x}y"}]}'],
    ["after its reasoning", '<think>maybe {"a": 2}?</think>\n{"a": [1, {"b": "x}y"}]}'],
    ["with trailing commas", '{"a": [1, {"b": "x}y",},],}'],
    ["with single quotes and comments", "{'a': [1, {'b': 'x}y'}]} // done"],
    ["as Python prints it", "{'a': [1, {'b': 'x}y'}]}"],
    ["as the only item of a list", '[{"a": [1, {"b": "x}y"}]}]'],
    ["without its end", '{"a": [1, {"b": "x}y"'],
    ["without its end, in a fence", '```json\n{"a": [1, {"b": "x}y"}'],
  ];
  for (const [what, text] of FORMS) {
    it(`reads an object ${what}`, () => assert.deepEqual(parseObjectLeniently(text), WANTED));
  }

  it("takes the beginning of a broken answer, not a detail inside", () => {
    assert.deepEqual(parseObjectLeniently('{"findings": [{"line": 1}, {"line": 2'), {
      findings: [{ line: 1 }, { line: 2 }],
    });
  });

  it("finds nothing where there is nothing", () => {
    for (const text of ["", "I cannot do that.", "[1, 2]", '"text"', "42", "{", "a { b"]) {
      const found = parseObjectLeniently(text);
      assert.ok(found === undefined || Object.keys(found).length === 0, `${text}: ${JSON.stringify(found)}`);
    }
  });

  it("gives every object back that is cut off nowhere, whatever surrounds it", () => {
    const prose = fc.string({ maxLength: 30 }).map((text) => text.replace(/[{}[\]"`<>']/g, ""));
    fc.assert(
      fc.property(
        // A key that sets prototypes is left out of what is read, wherever it stands.
        fc
          .dictionary(fc.string(), fc.jsonValue())
          .filter((value) => !JSON.stringify(value).includes("__proto__")),
        prose,
        prose,
        (value, before, after) => {
          const wanted: unknown = JSON.parse(JSON.stringify(value));
          assert.deepEqual({ ...parseObjectLeniently(`${before}${JSON.stringify(value)}${after}`) }, wanted);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "a", "1", "\\", "```", "<think>", " "), {
          maxLength: 40,
        }),
        (parts) => {
          parseObjectLeniently(parts.join(""));
        },
      ),
      { numRuns: 500 },
    );
  });
});
