import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { MAX_RESULT_DEPTH, parseResult } from "../../src/sandbox/parse-result.ts";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe("a result from a sandbox", () => {
  it("is the JSON that came out", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        if (!text.includes("__proto__")) assert.deepEqual(parseResult(text)?.value, JSON.parse(text));
      }),
    );
  });

  it("has no key that changes a prototype, however it is written", () => {
    const text = '{"a":[{"__proto__":{"x":1}}],"__pr\\u006fto__":{"x":1},"b":{"__proto__":null}}';
    assert.equal(JSON.stringify(parseResult(text)?.value), '{"a":[{}],"b":{}}');
  });

  it("is refused when it is no JSON or too deep", () => {
    assert.equal(parseResult("NaN"), null);
    assert.equal(parseResult(""), null);
    assert.notEqual(parseResult(nested(MAX_RESULT_DEPTH)), null);
    assert.equal(parseResult(nested(MAX_RESULT_DEPTH + 2)), null);
    assert.equal(parseResult(nested(1_000_000)), null);
  });
});
