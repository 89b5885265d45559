import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_USAGE, type FlowEvent, type NodeStatus } from "../../src/flow/flow-event.ts";
import { readNoteOutcome } from "../../src/review/read-outcome.ts";
import { createRunObserver } from "../../src/review/observe-run.ts";

const node = (
  nodeType: string,
  status: NodeStatus,
  more: Partial<Extract<FlowEvent, { event: "node_finished" }>> = {},
): FlowEvent => ({
  event: "node_finished",
  node: { nodeId: nodeType, nodeType, title: nodeType.toUpperCase(), container: null },
  status,
  inputs: {},
  outputs: {},
  error: null,
  elapsedMs: 1,
  usage: NO_USAGE,
  ...more,
});

describe("the observer of a run", () => {
  const ended = { status: "partial-succeeded", outputs: {}, error: null, usage: NO_USAGE } as const;
  it("tells of nodes that failed and were gone round, and of none whose next attempt succeeded", () => {
    const caught = createRunObserver();
    caught.see(node("http-request", "exception", { error: "status 401" }));
    caught.see(node("code", "succeeded"));
    assert.deepEqual(caught.complete(ended).failedNodes, ["HTTP-REQUEST (status 401)"]);
    const retried = createRunObserver();
    const ref = { nodeId: "llm", nodeType: "llm", title: "LLM", container: null };
    retried.see({ event: "node_retry", node: ref, error: "busy", retryIndex: 1 });
    retried.see(node("llm", "succeeded"));
    assert.equal(retried.complete(ended).failedNodes, undefined);
  });
  it("says nothing of nodes that it has not seen", () => {
    assert.equal(createRunObserver().complete(ended).failedNodes, undefined);
  });
  it("gives the cause of an answer that is not whole to the failure of the node that reads it", () => {
    for (const [reason, cause] of [
      ["content_filter", /no text: the model's content filter/],
      ["length", /no text: .*max_tokens/],
      ["tool_calls", /no text: .*tool/],
      ["stop", /no text$/],
    ] as const) {
      const observer = createRunObserver();
      observer.see(node("llm", "succeeded", { outputs: { finish_reason: reason } }));
      observer.see(node("code", "failed", { error: "no text" }));
      const ended = { status: "failed", outputs: {}, error: "no text", usage: NO_USAGE } as const;
      assert.match(observer.complete(ended).error ?? "", cause);
      const whole = { ...ended, status: "succeeded", error: null, outputs: { review: "" } } as const;
      const reading = readNoteOutcome(observer.complete(whole), null);
      assert.ok(reading.kind === "failed");
      assert.match(`no text${reading.reason.replace(/^.*is empty/, "")}`, cause);
    }
  });
});
