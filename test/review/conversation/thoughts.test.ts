import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import { readAnswer } from "../../../src/review/conversation/read-answer.ts";
import { dropThoughts } from "../../../src/review/read-outcome.ts";

test("an answer is read without the thoughts before it, as JSON and as prose", () => {
  const read = (answer: string) =>
    readAnswer(
      dropThoughts({ status: "succeeded", outputs: { answer }, error: null, usage: NO_USAGE }).outputs[
        "answer"
      ] ?? null,
    );
  assert.deepEqual(read('<think>{"reply": "no"}</think>{"reply": "Yes.", "withdraw": true}'), {
    reply: "Yes.",
    withdraw: true,
  });
  assert.deepEqual(read("hm\n</think>\nYes."), { reply: "Yes.", withdraw: false });
  assert.equal(read("<think>hm"), null);
});
