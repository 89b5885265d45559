import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../properties.ts";
import {
  createReasoningFilter,
  splitReasoning,
  tagReasoning,
} from "../../../../src/flow/nodes/llm/reasoning.ts";

const stream = (chunks: readonly string[]): { text: string; reasoning: string } => {
  const filter = createReasoningFilter();
  const pieces = [...chunks.flatMap(filter.feed), ...filter.finish()];
  const join = (kind: string): string =>
    pieces
      .filter((piece) => piece.kind === kind)
      .map(({ chunk }) => chunk)
      .join("");
  return { text: join("text"), reasoning: join("reasoning") };
};

describe("splitReasoning", () => {
  const CASES: readonly (readonly [string, string, string])[] = [
    ["plain", "plain", ""],
    ["<think>why</think>answer", "answer", "why"],
    ["<think>a</think>one<THINK>b</THINK>two", "onetwo", "a\nb"],
    ['<think time="3">why</think>\n\nanswer', "answer", "why"],
    ["answer<think>cut off", "answer", "cut off"],
    ["<thinking>not a tag</thinking>", "<thinking>not a tag</thinking>", ""],
    ["a\n\n\n\nb", "a\n\nb", ""],
  ];
  for (const [answer, text, reasoning] of CASES) {
    it(JSON.stringify(answer), () => assert.deepEqual(splitReasoning(answer), { text, reasoning }));
  }
});

describe("createReasoningFilter", () => {
  it("separates reasoning however the stream is cut", () => {
    const parts = fc.array(
      fc.constantFrom("<think>", "</think>", "<", "think", ">", "a", " ", "</", "x<y", "<thinker>"),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(
        parts,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 }),
        (words, cuts) => {
          const whole = words.join("");
          const chunks: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(whole.slice(at, at + cut));
            at += cut;
          }
          chunks.push(whole.slice(at));
          assert.deepEqual(stream(chunks), stream([whole]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("holds nothing back that cannot become a tag", () => {
    const filter = createReasoningFilter();
    assert.deepEqual(filter.feed("a < b"), [{ kind: "text", chunk: "a < b" }]);
    assert.deepEqual(filter.feed(" <thi"), [{ kind: "text", chunk: " " }]);
    assert.deepEqual(filter.feed("s>"), [{ kind: "text", chunk: "<this>" }]);
  });
});

describe("tagReasoning", () => {
  it("puts reasoning in front as Dify's plugins do, and nothing where there is none", () => {
    assert.equal(tagReasoning("answer", "why"), "<think>\nwhy\n</think>answer");
    assert.equal(tagReasoning("answer", ""), "answer");
  });
});
