import { plainStored } from "../messages/plain.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";
import { RunCancelled, type FlowRequest, type FlowRunner } from "../../src/review/flow-runner.ts";

/**
 * The flows that a harness has to offer:
 * - `succeeds`: inputs `name` (text-input, required, at most 20 characters) and `mood` (select of `kind`
 *   and `stern`); outputs `{answer: "Hello <name>"}`; its model calls take 20 prompt and 10 completion tokens.
 * - `fails`: a node fails with an error that contains `boom`.
 * - `partial`: a node fails, its fail branch goes on; outputs `{answer: "what was left"}`.
 * - `slow`: its first node ends at once, its second when `release` is called; outputs `{answer: "at last"}`.
 */
export type ContractFlow = "succeeds" | "fails" | "partial" | "slow";

/** One adapter of the FlowRunner port, ready to be tried. */
export type FlowRunnerHarness = AsyncDisposable & {
  /** A new runner for the flow, as a new process would make one; what it runs on stays. */
  readonly runner: (flow: ContractFlow) => FlowRunner;
  /** How often the first node of `slow` was run. */
  readonly timesBegun: () => number;
  /** Lets `slow` end, also when it is begun only later. */
  readonly release: () => void;
  /** How the newest run of `slow` stands where it runs; `gone` when nothing of it is left. */
  readonly stateOfSlow: () => Promise<"running" | "stopped" | "ended" | "gone">;
};

const requestOf = (runId: string, inputs: JsonObject, more: Partial<FlowRequest> = {}): FlowRequest => ({
  runId,
  inputs,
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
  ...more,
});

/** What every FlowRunner keeps to, whatever runs the flow. */
export const flowRunnerContract = (name: string, open: () => Promise<FlowRunnerHarness>): void => {
  describe(`FlowRunner: ${name}`, () => {
    it("describes the inputs that the flow declares", async () => {
      await using harness = await open();
      assert.deepEqual(await harness.runner("succeeds").describe(), [
        { name: "name", type: "text-input", required: true, maxLength: 20, options: [] },
        { name: "mood", type: "select", required: false, maxLength: null, options: ["kind", "stern"] },
      ]);
    });
    it("gives the outputs and the tokens of a flow that succeeds", async () => {
      await using harness = await open();
      const outcome = await harness.runner("succeeds").run(requestOf("r1", { name: "Ada" }));
      assert.equal(outcome.status, "succeeded");
      assert.deepEqual(outcome.outputs, { answer: "Hello Ada" });
      assert.equal(outcome.error, null);
      assert.equal(outcome.usage.totalTokens, 30);
      assert.equal(outcome.usage.promptTokens, 20);
      assert.equal(outcome.usage.completionTokens, 10);
    });
    it("tells the run's start, its nodes and its end, in this order", async () => {
      await using harness = await open();
      const events: FlowEvent[] = [];
      const onEvent = (event: FlowEvent): void => void events.push(event);
      await harness.runner("succeeds").run(requestOf("r1", { name: "Ada" }, { onEvent }));
      const kinds = events.map((event) => event.event);
      assert.equal(kinds[0], "workflow_started");
      assert.equal(kinds.at(-1), "workflow_finished");
      const started = kinds.indexOf("node_started");
      assert.ok(started > 0 && started < kinds.indexOf("node_finished"));
    });
    it("passes text that no encoding may harm", async () => {
      await using harness = await open();
      const odd = '이 "줄"\\ \n{{#a.b#}} 🙂';
      const outcome = await harness.runner("succeeds").run(requestOf("r1", { name: odd }));
      assert.deepEqual(outcome.outputs, { answer: `Hello ${odd}` });
    });
    it("reports a flow that failed as an outcome, with the node's error", async () => {
      await using harness = await open();
      const outcome = await harness.runner("fails").run(requestOf("r1", {}));
      assert.equal(outcome.status, "failed");
      assert.match(plainStored(outcome.error), /boom/);
    });
    it("tells a flow that went round a failure from one that succeeded", async () => {
      await using harness = await open();
      const outcome = await harness.runner("partial").run(requestOf("r1", {}));
      assert.equal(outcome.status, "partial-succeeded");
      assert.deepEqual(outcome.outputs, { answer: "what was left" });
      assert.equal(outcome.failedNodes?.length, 1);
      assert.match(plainStored(outcome.failedNodes[0] ?? ""), /no answer/);
    });
    it("refuses inputs that the flow does not take, for good", async () => {
      await using harness = await open();
      const runner = harness.runner("succeeds");
      for (const inputs of [{}, { name: "x".repeat(21) }, { name: "Ada", mood: "cross" }]) {
        await assert.rejects(runner.run(requestOf("r1", inputs)), { retryable: false });
      }
    });
    cancelling(open);
    resuming(open);
  });
};

const abortAtSecondNode = (controller: AbortController, reason: Error): ((event: FlowEvent) => void) => {
  let nodes = 0;
  return (event) => {
    nodes += event.event === "node_started" ? 1 : 0;
    if (nodes === 2 && !controller.signal.aborted) controller.abort(reason);
  };
};

const cancelling = (open: () => Promise<FlowRunnerHarness>): void => {
  it("ends a cancelled run where it runs, and rejects with the reason", async () => {
    await using harness = await open();
    const controller = new AbortController();
    const reason = new RunCancelled(reasonOf("merge-request-closed"));
    const onEvent = abortAtSecondNode(controller, reason);
    const run = harness.runner("slow").run(requestOf("r1", {}, { signal: controller.signal, onEvent }));
    await assert.rejects(run, (error) => error === reason);
    assert.notEqual(await harness.stateOfSlow(), "running");
    assert.notEqual(await harness.stateOfSlow(), "ended");
  });
  it("begins nothing when the signal is aborted already", async () => {
    await using harness = await open();
    const signal = AbortSignal.abort(new Error("shutting down"));
    const run = harness.runner("slow").run(requestOf("r1", {}, { signal }));
    await assert.rejects(run, /shutting down/);
    assert.equal(harness.timesBegun(), 0);
  });
};

const resuming = (open: () => Promise<FlowRunnerHarness>): void => {
  it("lets go of a run on shutdown and goes on with it later, without beginning it again", async () => {
    await using harness = await open();
    const journal = createMemoryJournal();
    const controller = new AbortController();
    const reason = new Error("shutting down");
    const onEvent = abortAtSecondNode(controller, reason);
    const first = harness
      .runner("slow")
      .run(requestOf("r1", {}, { journal, signal: controller.signal, onEvent }));
    await assert.rejects(first, (error) => error === reason);
    const second = harness.runner("slow").run(requestOf("r1", {}, { journal }));
    harness.release();
    const outcome = await second;
    assert.equal(outcome.status, "succeeded");
    assert.deepEqual(outcome.outputs, { answer: "at last" });
    assert.equal(harness.timesBegun(), 1);
  });
  it("gives the outcome again of a run that the journal knows to have ended", async () => {
    await using harness = await open();
    harness.release();
    const journal = createMemoryJournal();
    const first = await harness.runner("slow").run(requestOf("r1", {}, { journal }));
    const again = await harness.runner("slow").run(requestOf("r1", {}, { journal }));
    assert.deepEqual(again.outputs, first.outputs);
    assert.equal(again.status, first.status);
    assert.equal(harness.timesBegun(), 1);
  });
  it("runs two runs of different names apart", async () => {
    await using harness = await open();
    const runner = harness.runner("succeeds");
    const [ada, bob] = await Promise.all([
      runner.run(requestOf("r1", { name: "Ada" })),
      runner.run(requestOf("r2", { name: "Bob" })),
    ]);
    assert.deepEqual([ada.outputs, bob.outputs], [{ answer: "Hello Ada" }, { answer: "Hello Bob" }]);
  });
};
