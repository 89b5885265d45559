import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import { JsonObject } from "../../src/base/json.ts";
import { boundJson, cutText } from "../../src/worker/bound-json.ts";

const bounds = { text: 40, total: 200, members: 5, depth: 3 };

/** Every text within a value, names too. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => [name, ...textsIn(item)]);
};

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map((item) => depthOf(item)))
    : 0;

describe("what is kept of a value", () => {
  test("is the value itself when it is small", () => {
    const value = { a: [1, null, true], b: { c: "text" } };
    assert.deepEqual(boundJson(value), value);
  });

  test("says where it was cut", () => {
    assert.equal(cutText("a".repeat(50), 40), `${"a".repeat(40)}… (50 characters)`);
    assert.deepEqual(boundJson({ list: [1, 2, 3, 4, 5, 6, 7] }, bounds), {
      list: [1, 2, 3, 4, 5, "… 2 more"],
    });
    assert.deepEqual(boundJson({ a: { b: { c: { d: 1 } } } }, bounds), { a: { b: { c: "…" } } });
  });

  test("does not end within a character", () => {
    assert.equal(cutText("ab\u{1f600}c", 3), "ab… (5 characters)");
  });

  test("is bounded whatever the value is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 300 }), fc.jsonValue({ maxDepth: 6 })), (raw) => {
        const value = JsonObject.parse(JSON.parse(JSON.stringify(raw)));
        const kept = boundJson(value, bounds);
        for (const text of textsIn(kept)) assert.ok(text.length <= bounds.text + 30 || text.length <= 230);
        assert.ok(textsIn(kept).join("").length <= bounds.total + 400);
        assert.ok(depthOf(kept) <= bounds.depth + 1);
      }),
      { numRuns: 300 },
    );
  });
});
