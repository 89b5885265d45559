import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { playReview } from "../llm/played-review.ts";
import type { ModelFault } from "../../standins/model/faults.ts";

/**
 * Part by part, so that one part is left out with its reason. A streamed answer with nothing in it is asked for in
 * one piece besides, so that it takes four.
 */
const partly = (fault: ModelFault) =>
  playReview({
    server: {},
    faults: [fault, fault, fault, fault].slice(0, fault.kind === "empty" ? 4 : 2),
    files: 2,
    lines: 60,
    unitTokens: 1_500,
  });

suite("bug 24: reasons say why an answer is none, and no place in a flow's code", () => {
  for (const [kind, code] of [
    ["content-filter", "answer-filtered"],
    ["length", "answer-cut-short"],
    ["empty", "answer-empty"],
    ["tool-call", "answer-is-tool-call"],
  ] as const)
    test(`${kind}: ${code}`, async () => {
      const played = await partly({ kind });
      assert.ok(played.reasons.includes(code), JSON.stringify(played.reasons));
      const told = `${played.err}${JSON.stringify(played.remarks.map(({ code: remark }) => remark))}`;
      assert.doesNotMatch(told, /<code>|at main/);
    });
});
