import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { fuseScores } from "../../src/knowledge/fuse-scores.ts";
import { splitSegments } from "../../src/knowledge/split-segments.ts";
import { tokenize } from "../../src/knowledge/tokenize.ts";

test("a segment per heading, each under its headings; fences and front matter are no headings", () => {
  const text =
    "---\ntitle: x\n---\nintro\n\n# A\n\n## B\n\n```sh\n# no heading\n```\n\n## C ##\r\n\r\nlast\n";
  assert.deepEqual(splitSegments(text, 1_000), [
    { headings: [], content: "intro" },
    { headings: ["A", "B"], content: "# A\n## B\n\n```sh\n# no heading\n```" },
    { headings: ["A", "C"], content: "# A\n## C\n\nlast" },
  ]);
});

test("long sections are cut within the limit and nothing is lost", () => {
  const word = fc.stringMatching(/^[a-z가-힣]{1,30}$/);
  const text = fc
    .array(fc.array(word, { minLength: 1, maxLength: 60 }), { maxLength: 12 })
    .map((paragraphs) => paragraphs.map((words) => words.join(" ")).join("\n\n"));
  fc.assert(
    fc.property(text, (body) => {
      const segments = splitSegments(`# Head\n\n${body}`, 300);
      assert.ok(segments.every(({ content }) => content.length <= 300 && content.startsWith("# Head\n\n")));
      const bare = (value: string): string => value.replaceAll(/\s/g, "");
      assert.equal(bare(segments.map(({ content }) => content.slice(8)).join("")), bare(body));
    }),
    { numRuns: 100 },
  );
});

test("any text is split and tokenized without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
      assert.ok(splitSegments(text, 200).every(({ content }) => content.trim() !== ""));
      assert.ok(tokenize(text).every((token) => token !== ""));
    }),
    { numRuns: 200 },
  );
});

test("fused scores stay between 0 and 1 and keep an order that both lists share", () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(score, score), { minLength: 2, maxLength: 9 }), (pairs) => {
      const list = (which: 0 | 1) => new Map(pairs.map((pair, index) => [`s${index}`, pair[which]]));
      for (const fusion of [
        { kind: "weighted", vectorWeight: 0.4 },
        { kind: "reciprocal-rank", k: 60 },
      ] as const) {
        const fused = fuseScores(list(0), list(1), fusion);
        const first = fused.get("s0") ?? 0;
        const second = fused.get("s1") ?? 0;
        assert.ok([...fused.values()].every((value) => value >= 0 && value <= 1 + 1e-12));
        const [a, b] = pairs;
        if (a !== undefined && b !== undefined && a[0] > b[0] && a[1] > b[1])
          assert.ok(first > second - 1e-12);
      }
    }),
    { numRuns: 200 },
  );
});
