import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { containsEach, containsText } from "../../src/base/contains-text.ts";
import { fc } from "../properties.ts";

suite("whether a text holds another", () => {
  test("is what the engine's own search says", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, fc.integer({ min: 1, max: 500 }), (text, part, times) => {
        // Long enough for both ways.
        const [long, longer] = [
          part.repeat(times),
          `${text}${part.repeat(times)}a`.repeat(3).padEnd(30_000, text),
        ];
        assert.equal(containsText(longer, long), longer.includes(long));
        assert.equal(containsText(longer, `${long}b`), longer.includes(`${long}b`));
        assert.equal(containsText(text, part), text.includes(part));
      }),
    );
    assert.ok(containsText("", "") && containsText("a", "") && !containsText("", "a"));
  });

  test("is found out for texts over which that search takes minutes", () => {
    const run = "a".repeat(750_000);
    assert.equal(containsText(run.repeat(2), `${run.slice(1_000)}b${run}`), false);
    assert.equal(containsText(`${run}b${run}${run}`, `${run.slice(1_000)}b${run}`), true);
  });

  test("is for many at once what it is for each", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "\u{1F600}"), maxLength: 30 });
    const few = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\u{1F600}"), maxLength: 4 }));
    // So many more, which the text holds, that all are looked for at once.
    const runs = Array.from({ length: 100 }, (_, index) => "c".repeat(index + 1));
    fc.assert(
      fc.property(letters, few, (text, some) => {
        const expected = some.every((part) => text.includes(part));
        assert.equal(containsEach(`${text}${"c".repeat(110_000)}`, [...runs, ...some]), expected);
        assert.equal(containsEach(text, some), expected);
      }),
      { examples: [["abab", ["bab", "ab", "a", "ab", ""]]] },
    );
  });

  test("is found out for thousands of others at once", () => {
    const parts = Array.from({ length: 30_000 }, (_, index) => `<${index}>`);
    const text = `${"<1".repeat(300_000)}${parts.join("")}`;
    assert.equal(containsEach(text, parts), true);
    assert.equal(containsEach(text, [...parts, "<1<2"]), false);
  });
});
