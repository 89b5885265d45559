import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowUsage } from "../../src/flow/flow-event.ts";
import { FlowUsage as StoredUsage } from "../../src/flow/flow-usage.ts";
import {
  finished,
  nodeFinished,
  recordedBody,
  recordedFrames,
  started,
  startScriptedDify,
  withoutCorpus,
} from "./scripted-dify.ts";

const unsplit = { promptTokens: null, completionTokens: null, totalPrice: null };
const data = { id: "r", status: "succeeded", outputs: { answer: "x" }, error: null };
const usage = {
  prompt_tokens: 20,
  completion_tokens: 10,
  total_tokens: 30,
  total_price: "0.5",
  currency: "EUR",
};

describe("what a run on Dify consumed", () => {
  it("is known by its total alone in blocking mode", async () => {
    await using dify = await startScriptedDify([
      {
        status: 200,
        body: { task_id: "t", workflow_run_id: "r", data: { ...data, total_tokens: 30, total_steps: 3 } },
      },
    ]);
    const outcome = await dify.run({ mode: "blocking" });
    assert.deepEqual(outcome.usage, { totalTokens: 30, ...unsplit, currency: "USD" });
    assert.deepEqual(StoredUsage.parse(JSON.parse(JSON.stringify(outcome.usage))), outcome.usage);
  });
  it("is nothing, split and all, where no model was asked", async () => {
    await using dify = await startScriptedDify([
      { status: 200, body: { task_id: "t", workflow_run_id: "r", data: { ...data, total_tokens: 0 } } },
    ]);
    const none: FlowUsage = {
      totalTokens: 0,
      promptTokens: 0,
      completionTokens: 0,
      totalPrice: 0,
      currency: "USD",
    };
    assert.deepEqual((await dify.run({ mode: "blocking" })).usage, none);
  });
  it("is split where the nodes account for all of it, and not where one was missed", async () => {
    for (const [total_tokens, expected] of [
      [30, { promptTokens: 20, completionTokens: 10, totalPrice: 0.5 }],
      [45, unsplit],
    ] as const) {
      await using dify = await startScriptedDify([
        {
          frames: [started, nodeFinished({ outputs: { usage } }), finished({ total_tokens, total_steps: 1 })],
        },
      ]);
      assert.deepEqual((await dify.run()).usage, { totalTokens: total_tokens, ...expected, currency: "EUR" });
    }
  });
  it("is read from a real server's answers in both modes", { skip: withoutCorpus }, async () => {
    await using blocking = await startScriptedDify([
      { status: 200, body: recordedBody("blocking-review-ok") },
    ]);
    const { usage: total } = await blocking.run({ mode: "blocking" });
    assert.ok(total.totalTokens > 0 && total.promptTokens === null && total.completionTokens === null);
    await using streaming = await startScriptedDify([{ frames: recordedFrames("stream-review-ok") }]);
    const { usage: split } = await streaming.run();
    assert.equal(split.totalTokens, 3_100);
    assert.equal((split.promptTokens ?? 0) + (split.completionTokens ?? 0), 3_100);
  });
});
