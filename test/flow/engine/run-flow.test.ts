import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { FlowError, StoreError } from "../../../src/base/errors.ts";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import { type RunFlowOptions, runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { FlowEvent } from "../../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { createScriptedPorts } from "../scripted-ports.ts";
import { askingFlow, conformanceFlow } from "./flow-files.ts";

const options = (more: Partial<RunFlowOptions> = {}): RunFlowOptions => ({
  inputs: {},
  ports: createScriptedPorts().ports,
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
  clock: systemClock,
  ...more,
});

/** Ports whose model never answers until its signal is aborted, and says when it is asked. */
const hangingPorts = (onAsk: () => void, heedsSignal = true): FlowPorts => ({
  ...createScriptedPorts().ports,
  model: {
    generate: async ({ signal }) =>
      await new Promise((_resolve, reject) => {
        if (heedsSignal) {
          signal.addEventListener("abort", () => {
            reject(signal.reason);
          });
        }
        onAsk();
      }),
  },
});

describe("runFlow", () => {
  it("rejects with the reason when it is aborted, whatever the adapter does, and reports no end", async () => {
    for (const heedsSignal of [true, false]) {
      const abort = new AbortController();
      const reason = new Error("we stop");
      const events: FlowEvent[] = [];
      const run = runFlow(
        askingFlow("iteration", 2),
        options({
          signal: abort.signal,
          ports: hangingPorts(() => {
            abort.abort(reason);
          }, heedsSignal),
          onEvent: (event) => events.push(event),
        }),
      );
      await assert.rejects(run, reason);
      assert.ok(!events.some((event) => event.event === "workflow_finished"));
    }
  });

  it("ends as stopped when the abort's reason ends the run", async () => {
    const abort = new AbortController();
    const events: FlowEvent[] = [];
    const result = await runFlow(
      askingFlow("iteration", 2),
      options({
        signal: abort.signal,
        endsRun: (reason) => reason === "cancelled",
        ports: hangingPorts(() => {
          abort.abort("cancelled");
        }),
        onEvent: (event) => events.push(event),
      }),
    );
    assert.equal(result.status, "stopped");
    assert.equal(events.at(-1)?.event, "workflow_finished");
  });

  it("is stopped by its time limit inside a loop whose rounds wait for nothing", async () => {
    const endless = parseFlow(`
app: { name: endless, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: box, data: { type: loop, title: box, start_node_id: in, loop_count: 1000000000, break_conditions: [] } }
      - { id: in, data: { type: loop-start, title: "", loop_id: box } }
    edges: [{ source: start, target: box }]
`);
    const result = await runFlow(endless, options({ limits: { maxMs: 30 } }));
    assert.equal(result.status, "stopped");
    assert.match(result.error ?? "", /Maximum execution time exceeded/);
  });

  it("ends as stopped when its time is up", async () => {
    let now = 0;
    const timeUp = Promise.withResolvers<undefined>();
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        await timeUp.promise;
        now += ms + 5;
      },
    };
    const ports = hangingPorts(() => {
      timeUp.resolve(undefined);
    });
    const result = await runFlow(askingFlow("loop", 2), options({ clock, ports }));
    assert.equal(result.status, "stopped");
    assert.match(result.error ?? "", /^Aborted: Maximum execution time exceeded: 1200\.01s > 1200s$/);
  });

  it("rejects with an error of ours from a port or the journal, which is no failure of the flow", async () => {
    const broken = new StoreError("The store is gone.", { code: "store-gone", retryable: true });
    const memory = createMemoryJournal();
    const write = async (): Promise<never> => {
      throw broken;
    };
    await assert.rejects(runFlow(askingFlow("loop", 1), options({ journal: { ...memory, write } })), broken);
    const ports = { ...createScriptedPorts().ports, model: { generate: write } };
    await assert.rejects(runFlow(askingFlow("loop", 1), options({ ports })), broken);
  });

  it("makes a node's failure of whatever else a port throws", async () => {
    const generate = async (): Promise<never> => {
      throw new TypeError("unforeseen");
    };
    const ports = { ...createScriptedPorts().ports, model: { generate } };
    const result = await runFlow(askingFlow("iteration", 1), options({ ports }));
    assert.deepEqual([result.status, result.error], ["failed", "unforeseen"]);
  });

  it("stops the nodes beside one that fails", async () => {
    const flow = conformanceFlow("failure-keeps-earlier-outputs");
    const result = await runFlow(flow, options({ inputs: { a: "A" } }));
    assert.equal(result.status, "failed");
  });

  it("refuses to go deeper than flows may call flows", async () => {
    await assert.rejects(runFlow(askingFlow("loop", 1), options({ callDepth: 6 })), (error) => {
      assert.ok(error instanceof FlowError);
      assert.equal(error.code, "flow-call-depth");
      return true;
    });
  });

  it("leaves no timer behind", async () => {
    let isReleased = false;
    const clock: Clock = {
      now: () => 0,
      sleep: async (_ms, signal) => {
        await new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            isReleased = true;
            reject(signal.reason);
          });
        });
      },
    };
    await runFlow(askingFlow("loop", 1), options({ clock }));
    assert.ok(isReleased);
  });
});
