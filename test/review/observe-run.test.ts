import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_USAGE, type FlowEvent, type NodeStatus } from "../../src/flow/flow-event.ts";
import { readNoteOutcome, reasonOfStatus } from "../../src/review/read-outcome.ts";
import { createRunObserver } from "../../src/review/observe-run.ts";
import { inItsWords } from "../../src/flow/messages/message.ts";
import { message } from "../../src/messages/message.ts";

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
    caught.see(node("http-request", "exception", { error: inItsWords("status 401") }));
    caught.see(node("code", "succeeded"));
    assert.deepEqual(caught.complete(ended).failedNodes, [
      message("step.failed", { step: "HTTP-REQUEST", error: inItsWords("status 401") }),
    ]);
    const retried = createRunObserver();
    const ref = { nodeId: "llm", nodeType: "llm", title: "LLM", container: null };
    retried.see({ event: "node_retry", node: ref, error: inItsWords("busy"), retryIndex: 1 });
    retried.see(node("llm", "succeeded"));
    assert.equal(retried.complete(ended).failedNodes, undefined);
  });
  it("says nothing of nodes that it has not seen", () => {
    assert.equal(createRunObserver().complete(ended).failedNodes, undefined);
  });
  it("gives the cause of an answer that is not whole to the failure of the node that reads it", () => {
    for (const [finish, code] of [
      ["content_filter", "answer-filtered"],
      ["length", "answer-cut-short"],
      ["tool_calls", "answer-is-tool-call"],
      ["stop", null],
    ] as const) {
      const observer = createRunObserver();
      observer.see(node("llm", "succeeded", { outputs: { finish_reason: finish } }));
      observer.see(node("code", "failed", { error: inItsWords("no text") }));
      const error = inItsWords("no text");
      const failed = { status: "failed", outputs: {}, error, usage: NO_USAGE } as const;
      assert.deepEqual(
        reasonOfStatus(observer.complete(failed)),
        reasonOf(code ?? "flow-failed", { detail: "no text" }),
      );
      const whole = { ...failed, status: "succeeded", error: null, outputs: { review: "" } } as const;
      assert.deepEqual(readNoteOutcome(observer.complete(whole), null), {
        kind: "failed",
        reason: code === null ? reasonOf("flow-output-empty", { output: "review" }) : reasonOf(code),
      });
    }
  });
});
