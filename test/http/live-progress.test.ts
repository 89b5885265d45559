import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import {
  type Call,
  chooseCall,
  createRunProgress,
  nodeStates,
} from "../../src/http/dashboard/live/run-progress.ts";
import type { RunEvent } from "../../src/store/run-event.ts";
import { CALL, recordedEvents } from "./live-setup.ts";

const follow = (events: readonly RunEvent[]) => {
  const progress = createRunProgress();
  progress.apply(events);
  return progress;
};

const only = (calls: readonly Call[]): Call => calls[0] ?? assert.fail("no call");

const shown = ({ steps }: Call): readonly string[] =>
  steps.map(({ node, parent, state }) =>
    [parent?.node.nodeId, node.container?.index, node.nodeId, state]
      .filter((part) => part !== undefined)
      .join(" "),
  );

describe("the progress of a run", () => {
  test("has each execution of a node, those in an iteration in their rounds", async () => {
    const call = only(follow(await recordedEvents()).calls);
    assert.deepEqual(shown(call), [
      "start succeeded",
      "plan succeeded",
      "list succeeded",
      "each succeeded",
      "each 0 ask succeeded",
      "each 1 ask succeeded",
      "check exception",
      "left succeeded",
    ]);
    const each = call.steps.find(({ node }) => node.nodeId === "each");
    assert.deepEqual([each?.length, [...(each?.rounds ?? [])], each?.tokens], [2, [0, 1], 240]);
    assert.equal(call.state, "partial-succeeded");
    assert.equal(nodeStates(call).get("good"), undefined);
  });

  test("is the same however the events are split", async () => {
    const events = await recordedEvents();
    const whole = shown(only(follow(events).calls));
    fc.assert(
      fc.property(fc.array(fc.nat(events.length)), (cuts) => {
        const progress = createRunProgress();
        let at = 0;
        for (const cut of [...cuts.toSorted((one, other) => one - other), events.length]) {
          progress.apply(events.slice(at, cut));
          at = cut;
        }
        assert.deepEqual(shown(only(progress.calls)), whole);
        assert.equal(progress.lastSeq, events.at(-1)?.seq);
      }),
      { numRuns: 50 },
    );
  });

  test("shows what runs while it runs", async () => {
    const events = await recordedEvents();
    const until = events.findLastIndex(({ kind }) => kind === "container-round");
    const call = only(follow(events.slice(0, until + 2)).calls);
    assert.deepEqual(shown(call).slice(-3), ["each running", "each 0 ask succeeded", "each 1 ask running"]);
    assert.equal(call.state, "running");
  });

  test("takes a call for interrupted when the same question is asked again, or the run has ended", async () => {
    const events = await recordedEvents();
    const half = events.slice(0, 5);
    const again = (await recordedEvents(CALL, 1_000)).map((event) => ({ ...event, callId: "again" }));
    const progress = follow([...half, ...again]);
    assert.deepEqual(
      progress.calls.map(({ state }) => state),
      ["interrupted", "partial-succeeded"],
    );
    assert.ok(!shown(only(progress.calls)).some((line) => line.endsWith("running")));
    const ended = follow(half);
    ended.end();
    assert.equal(only(ended.calls).state, "interrupted");
  });

  test("says that a node is tried again, and keeps how often", () => {
    const base = { atMs: 0, callId: "c" };
    const node = { nodeId: "n", nodeType: "llm", title: "N", container: null };
    const start: RunEvent = {
      ...base,
      seq: 1,
      kind: "call-started",
      key: "k",
      part: { role: "main", index: 0 },
      attempt: 1,
      files: [],
      fileCount: 0,
      digest: null,
    };
    const progress = follow([
      start,
      { ...base, seq: 2, kind: "node-started", node, inputs: {} },
      { ...base, seq: 3, kind: "node-retry", node, error: "busy", retryIndex: 1 },
      { ...base, seq: 4, kind: "node-retry", node, error: "busy", retryIndex: 2 },
    ]);
    const [step] = only(progress.calls).steps;
    assert.deepEqual([step?.state, step?.retries, step?.error], ["retry", 2, "busy"]);
    assert.equal(only(progress.calls).steps.length, 1);
  });

  test("leaves out events whose call's beginning is missing", async () => {
    const events = await recordedEvents();
    assert.deepEqual(follow(events.slice(1)).calls, []);
  });

  test("shows the chosen call, else one under way, else the last", async () => {
    const done = await recordedEvents(CALL);
    const running = (await recordedEvents({ ...CALL, key: "unit-2" }, 1_000)).slice(0, 4);
    const last = (await recordedEvents({ ...CALL, key: "unit-3" }, 2_000)).map((event) => ({
      ...event,
      callId: "last",
    }));
    const { calls } = follow([...done, ...running, ...last]);
    assert.equal(chooseCall(calls, "last")?.key, "unit-3");
    assert.equal(chooseCall(calls, "unknown")?.key, "unit-2");
    assert.equal(chooseCall(follow([...done, ...last]).calls, null)?.key, "unit-3");
    assert.equal(chooseCall([], null), undefined);
  });
});
