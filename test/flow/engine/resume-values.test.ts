import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { createMemoryJournal, type Journal } from "../../../src/base/journal.ts";
import { Json } from "../../../src/base/json.ts";
import { runFlow } from "../../../src/flow/engine/run-flow.ts";
import { type Exact, WholeFloat } from "../../../src/flow/exact.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { pythonJson } from "../../../src/flow/value-text.ts";
import { fc } from "../../properties.ts";
import { exactValues, withoutPrototypes } from "../exact-values.ts";
import { createScriptedPorts } from "../scripted-ports.ts";

/** Ways of a value: a model's JSON, aggregators, an iteration, an end inside, a loop, an assigner, the end. */
const flow = parseFlow(`
version: 0.6.0
kind: app
app: { name: values, mode: workflow }
workflow:
  conversation_variables:
    - { id: v, name: kept, value_type: "array[any]", value: [] }
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: make, data: { type: llm, title: make, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: make }], context: { enabled: false }, structured_output_enabled: true, structured_output: { schema: { type: object } } } }
      - { id: all, data: { type: variable-aggregator, title: all, output_type: any, variables: [], advanced_settings: { group_enabled: true, groups: [{ group_name: g, output_type: object, variables: [[make, structured_output, v]] }] } } }
      - { id: each, data: { type: iteration, title: each, start_node_id: each0, iterator_selector: [make, structured_output, l], output_selector: [inner, output] } }
      - { id: each0, parentId: each, data: { type: iteration-start, title: "" } }
      - { id: inner, parentId: each, data: { type: variable-aggregator, title: inner, variables: [[each, item]] } }
      - { id: last, parentId: each, data: { type: end, title: last, outputs: [{ variable: inner, value_selector: [inner, output] }] } }
      - { id: box, data: { type: loop, title: box, start_node_id: box0, loop_count: 2, break_conditions: [], logical_operator: and, loop_variables: [{ label: x, var_type: object, value_type: variable, value: [make, structured_output] }, { label: i, var_type: number, value_type: constant, value: 9007199254740993 }] } }
      - { id: box0, parentId: box, data: { type: loop-start, title: "" } }
      - { id: add, parentId: box, data: { type: assigner, title: add, version: "2", items: [{ variable_selector: [conversation, kept], operation: append, input_type: variable, value: [make, structured_output, n] }, { variable_selector: [box, i], operation: "+=", input_type: constant, value: 1 }] } }
      - { id: end, data: { type: end, title: end, outputs: [{ variable: v, value_selector: [make, structured_output, v] }, { variable: g, value_selector: [all, g] }, { variable: each, value_selector: [each, output] }, { variable: x, value_selector: [box, x] }, { variable: i, value_selector: [box, i] }, { variable: kept, value_selector: [conversation, kept] }] } }
    edges:
      - { source: start, target: make }
      - { source: make, target: all }
      - { source: all, target: each }
      - { source: each0, target: inner }
      - { source: inner, target: last }
      - { source: each, target: box }
      - { source: box0, target: add }
      - { source: box, target: end }
`);
/** Start, make, all, two rounds of two, each, two rounds of one, box and end. */
const NODES = 11;

class Killed extends Error {}

/** A journal as a store keeps it, as JSON text; the run is aborted when `count` nodes are in it. */
const storedJournal = (inner: Journal, count: number, kill: AbortController): Journal => {
  let writes = 0;
  return {
    ...inner,
    write: async (key, value) => {
      if (kill.signal.aborted) throw new Killed();
      await inner.write(key, Json.parse(JSON.parse(JSON.stringify(value))));
      if (key.startsWith("node/")) writes += 1;
      if (writes >= count) kill.abort(new Killed());
    },
  };
};

/** Runs the flow over a value; `asked` counts the calls of the model. */
const start = async (value: Exact, journal: Journal, asked: { count: number }, signal?: AbortSignal) => {
  const { ports } = createScriptedPorts();
  const text = pythonJson({ v: value, l: [value, { a: value }, [value]], n: new WholeFloat(5) });
  return await runFlow(flow, {
    inputs: {},
    ports: {
      ...ports,
      model: {
        generate: async () => {
          asked.count += 1;
          return {
            ok: true,
            value: { text, reasoning: "", finishReason: "stop", toolCalls: [], usage: NO_USAGE },
          };
        },
      },
    },
    journal,
    signal: signal ?? new AbortController().signal,
    onEvent: () => undefined,
    clock: systemClock,
    runId: "run-1",
  });
};

describe("a run that is taken up", () => {
  it("goes on with the values that it had, whatever their form", async () => {
    await fc.assert(
      fc.asyncProperty(exactValues, fc.integer({ min: 1, max: NODES }), async (value, count) => {
        const whole = await start(value, createMemoryJournal(), { count: 0 });
        assert.equal(whole.status, "succeeded", JSON.stringify(whole.error));
        assert.equal(pythonJson(whole.exact["v"] ?? null), pythonJson(withoutPrototypes(value)));
        const journal = createMemoryJournal();
        const kill = new AbortController();
        const asked = { count: 0 };
        await start(value, storedJournal(journal, count, kill), asked, kill.signal).catch(
          (error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          },
        );
        const resumed = await start(value, journal, asked);
        assert.deepEqual(resumed, whole);
        assert.ok(asked.count <= (count === 1 ? 2 : 1), `asked ${asked.count} times`);
      }),
      { numRuns: 200 },
    );
  });
});
