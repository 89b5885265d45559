import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { estimateTokens } from "../../src/base/estimate-tokens.ts";

// Counts of published examples of OpenAI's tokenizer (the larger of cl100k_base and r50k_base).
const known: readonly (readonly [string, number])[] = [
  ["tiktoken is great!", 6],
  ["hello world", 2],
  ["antidisestablishmentarianism", 6],
  ["2 + 2 = 4", 7],
  ["お誕生日おめでとう", 14],
];

for (const [text, count] of known) {
  test(`estimates "${text}" no lower than its count and at most twice as high`, () => {
    const estimate = estimateTokens(text);
    assert.ok(estimate >= count && estimate <= 2 * count, `${estimate} for ${count}`);
  });
}

const counted: readonly (readonly [string, number])[] = [
  ["parseHTTPRequest", 2 + 2 + 2],
  ["ABCDEFG", 3],
  ["Ab AB A b", 1 + 1 + 1 + 1],
  ["2026x", 4 + 1],
  ["a    b", 1 + 1 + 1],
  ["a 1 \t", 1 + 1 + 1 + 1],
  ["\n\n", 2],
  ["写写\n写写写", 3 + 1 + 5],
  ["é…😀", 1 + 2 + 3],
  ["\ud800x\udc00", 2 + 1 + 2],
];

for (const [text, tokens] of counted)
  test(`counts ${JSON.stringify(text)} by its rule`, () => assert.equal(estimateTokens(text), tokens));

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom("a", "B", "c", "D", "7", " ", "\t", "\n", "_", "é", "写", "한", "😀"),
    maxLength: 60,
  }),
);

test("is never more than a token for a byte and counts every text", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const estimate = estimateTokens(text);
      assert.ok(Number.isInteger(estimate));
      assert.ok(estimate <= Buffer.byteLength(text, "utf8"));
      assert.ok(estimate >= text.length / 6);
    }),
  );
});

test("grows with the text", () => {
  fc.assert(
    fc.property(texts, texts, (text, more) => assert.ok(estimateTokens(text + more) >= estimateTokens(text))),
  );
});

test("adds up over lines", () => {
  const line = texts.map((text) => text.replaceAll("\n", ""));
  fc.assert(
    fc.property(line, line, (first, second) =>
      assert.equal(estimateTokens(`${first}\n${second}`), estimateTokens(first) + 1 + estimateTokens(second)),
    ),
  );
});

test("is linear in the text", () => {
  assert.equal(estimateTokens("a".repeat(4_000_000)), 1_000_000);
  assert.equal(estimateTokens("aB".repeat(1_000_000)), 1_000_001);
});
