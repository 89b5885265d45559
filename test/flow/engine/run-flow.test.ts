import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { FlowError, StoreError } from "../../../src/base/errors.ts";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import type { Json } from "../../../src/base/json.ts";
import { type RunFlowOptions, runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { FlowEvent } from "../../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { createScriptedPorts } from "../scripted-ports.ts";
import { askingFlow, conformanceFlow } from "./flow-files.ts";
import { flowMessage, inItsWords } from "../../../src/flow/messages/message.ts";

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

/** A flow that asks the model for each of three items, and has another node beside that. */
const besideIteration = (node: string) =>
  parseFlow(`
app: { name: beside, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: make, data: { type: code, title: make, code_language: javascript, code: "function main() { return { l: [0, 1, 2] } }", variables: [], outputs: { l: { type: "array[number]" } } } }
      - { id: box, data: { type: iteration, title: box, start_node_id: first, iterator_selector: [make, l], output_selector: [ask, text] } }
      - { id: first, parentId: box, data: { type: iteration-start, title: "" } }
      - { id: ask, parentId: box, data: { type: llm, title: ask, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "item" }], context: { enabled: false }, iteration_id: box } }
      ${node}
    edges:
      - { source: start, target: make }
      - { source: make, target: box }
      - { source: make, target: bad }
      - { source: first, target: ask }
`);

/** A flow that asks a model, and twice more where that may help. */
const askingOnce = parseFlow(`
app: { name: retry, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: ask, data: { type: llm, title: ask, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "x" }], context: { enabled: false }, retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 1 } } }
    edges: [{ source: start, target: ask }]
`);

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
      - { id: in, parentId: box, data: { type: loop-start, title: "" } }
    edges: [{ source: start, target: box }]
`);
    const result = await runFlow(endless, options({ limits: { maxMs: 30 } }));
    assert.equal(result.status, "stopped");
    assert.equal(result.error?.code, "flow.run.too-long");
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
    assert.deepEqual(result.error, flowMessage("flow.run.too-long", { seconds: "1200.01", most: 1200 }));
  });

  it("rejects with an error of ours from a port or the journal, which is no failure of the flow", async () => {
    const broken = new StoreError(verbatim("The store is gone."), { code: "store-gone", retryable: true });
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
    assert.deepEqual([result.status, result.error], ["failed", inItsWords("unforeseen")]);
  });

  it("stops the nodes beside one that fails", async () => {
    const flow = conformanceFlow("failure-keeps-earlier-outputs");
    const result = await runFlow(flow, options({ inputs: { a: "A" } }));
    assert.equal(result.status, "failed");
  });

  it("says nothing after its end, and counts what was used beside the node that failed", async () => {
    const failing =
      "- { id: bad, data: { type: template-transform, title: bad, template: x, variables: [] } }";
    const flow = besideIteration(failing);
    const asked = Promise.withResolvers<undefined>();
    const kept = Promise.withResolvers<undefined>();
    const written = Promise.withResolvers<undefined>();
    const inner = createMemoryJournal();
    const journal = {
      ...inner,
      write: async (key: string, value: Json) => {
        if (key.includes("box[1]/")) {
          asked.resolve(undefined);
          await kept.promise;
          written.resolve(undefined);
        }
        await inner.write(key, value);
      },
    };
    const render = async () => {
      await asked.promise;
      return { ok: false as const, errorType: "TemplateRenderError", message: "bad", retryable: false };
    };
    const ports = { ...createScriptedPorts().ports, template: { render } };
    const events: FlowEvent[] = [];
    const result = await runFlow(flow, options({ ports, journal, onEvent: (event) => events.push(event) }));
    assert.deepEqual(
      [result.status, result.error, result.usage.totalTokens],
      ["failed", inItsWords("bad"), 10],
    );
    kept.resolve(undefined);
    await written.promise;
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(events.at(-1)?.event, "workflow_finished");
  });

  it("counts attempts that failed in a run that is stopped", async () => {
    const flow = parseFlow(`
app: { name: retries, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: ask, data: { type: llm, title: ask, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "x" }], context: { enabled: false }, structured_output_enabled: true, structured_output: { schema: { type: object, required: [a], properties: { a: { type: string } } } }, retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 1 } } }
    edges: [{ source: start, target: ask }]
`);
    const abort = new AbortController();
    const result = await runFlow(
      flow,
      options({
        ports: createScriptedPorts({ model: [{ text: "no JSON", tokens: 7 }] }).ports,
        signal: abort.signal,
        endsRun: (reason) => reason === "cancelled",
        onEvent: ({ event }) => {
          if (event === "node_retry") abort.abort("cancelled");
        },
      }),
    );
    assert.deepEqual([result.status, result.usage.totalTokens], ["stopped", 7]);
  });

  it("repeats no request of a model that was refused for what it says", async () => {
    const asked = { true: 0, false: 0 };
    for (const retryable of [true, false]) {
      const generate: FlowPorts["model"]["generate"] = async () => {
        asked[`${retryable}`] += 1;
        return { ok: false, errorType: "InvokeBadRequestError", message: "no", retryable };
      };
      const ports = { ...createScriptedPorts().ports, model: { generate } };
      assert.equal((await runFlow(askingOnce, options({ ports }))).status, "failed");
    }
    assert.deepEqual(asked, { true: 3, false: 1 });
  });

  for (const isQueued of [true, false]) {
    it(`${isQueued ? "does not count" : "counts"} the time of a call that ${isQueued ? "waits for its place" : "is under way"}`, async () => {
      let nowMs = 0;
      const sleeps: { readonly atMs: number; readonly wake: () => void }[] = [];
      const clock: Clock = {
        now: () => nowMs,
        sleep: async (ms, signal) =>
          await new Promise((resolve, reject) => {
            sleeps.push({ atMs: nowMs + ms, wake: resolve });
            signal?.addEventListener("abort", () => reject(signal.reason));
          }),
      };
      const pass = async (ms: number): Promise<void> => {
        nowMs += ms;
        for (const { atMs, wake } of sleeps) if (atMs <= nowMs) wake();
        await new Promise(setImmediate);
      };
      const ports: FlowPorts = {
        ...createScriptedPorts().ports,
        model: {
          generate: async ({ onQueued, signal }) => {
            const served = isQueued ? onQueued?.() : undefined;
            for (let minute = 0; minute < 30; minute += 1) await pass(60_000);
            served?.();
            signal.throwIfAborted();
            const { ports: scripted } = createScriptedPorts({ model: [{ text: "done", tokens: 1 }] });
            return scripted.model.generate({
              provider: "p",
              name: "m",
              messages: [],
              parameters: {},
              responseSchema: null,
              signal,
            });
          },
        },
      };
      const { status } = await runFlow(askingOnce, options({ ports, clock }));
      assert.equal(status, isQueued ? "succeeded" : "stopped");
    });
  }

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
