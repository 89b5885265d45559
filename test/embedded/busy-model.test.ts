import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stringify } from "yaml";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { ModelAnswer, NodeFailure, NodeResult } from "../../src/flow/ports.ts";

const string = { type: "string", children: null };
const data = {
  start: { type: "start", variables: [] },
  prepare: { type: "code", code_language: "javascript", code: "", variables: [], outputs: { x: string } },
  model: {
    type: "llm",
    model: { provider: "p", name: "m", mode: "chat", completion_params: {} },
    prompt_template: [{ id: "u", role: "user", text: "{{#prepare.x#}}" }],
  },
  end: { type: "end", outputs: [{ variable: "answer", value_selector: ["model", "text"] }] },
};
const flowWith = (model: object) =>
  parseFlow(
    stringify({
      version: "0.3.0",
      kind: "app",
      app: { name: "busy", mode: "workflow" },
      workflow: {
        graph: {
          nodes: Object.entries({ ...data, model }).map(([id, node]) => ({
            id,
            type: "custom",
            data: { title: id, ...node },
          })),
          edges: [
            ["start", "prepare"],
            ["prepare", "model"],
            ["model", "end"],
          ].map(([source, target]) => ({ id: `${source}`, source, target, sourceHandle: "source" })),
        },
      },
    }),
  );

const refused: NodeFailure = {
  ok: false,
  errorType: "Refused",
  message: "not in this test",
  retryable: false,
};
const usage = { ...NO_USAGE, totalTokens: 30, promptTokens: 20, completionTokens: 10 };
const done: NodeResult<ModelAnswer> = {
  ok: true,
  value: { text: "done", reasoning: "", finishReason: "stop", usage },
};
const failing = (message: string): NodeResult<ModelAnswer> => ({
  ok: false,
  errorType: "InvokeRateLimitError",
  message,
  retryable: true,
});

const open = (answers: readonly NodeResult<ModelAnswer>[], model: object = data.model) => {
  const seen = { code: 0, model: 0 };
  const ports: FlowPorts = {
    code: { run: async () => ((seen.code += 1), { ok: true, value: { x: "hello" } }) },
    template: { render: async () => refused },
    http: { send: async () => refused },
    knowledge: { search: async () => refused },
    model: { generate: async () => answers[seen.model++] ?? refused },
  };
  const journal = createMemoryJournal();
  const run = () =>
    createEmbeddedRunner({ flow: flowWith(model), ports }).run({
      runId: "r",
      inputs: {},
      journal,
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
  return { run, seen };
};

describe("a model that is busy, in the engine", () => {
  it("makes a failed run transient, and the next try goes on behind the nodes that have finished", async () => {
    const { run, seen } = open([
      failing('The model "main" (m) is asked too often (HTTP 429); retry after 3600 s.'),
      done,
    ]);
    const first = await run();
    assert.deepEqual(
      [first.status, first.transient],
      ["failed", { outside: null, pauseMs: 3_600_000, mayHavePosted: false }],
    );
    const second = await run();
    assert.deepEqual([second.status, second.outputs], ["succeeded", { answer: "done" }]);
    assert.equal(second.usage.totalTokens, 30);
    assert.deepEqual(seen, { code: 1, model: 2 });
  });
  it("and answers at the node's own next attempt leaves no failed step behind", async () => {
    const retry_config = { retry_enabled: true, max_retries: 1, retry_interval: 100 };
    const { run } = open([failing("Overloaded"), done], { ...data.model, retry_config });
    const outcome = await run();
    // As Dify counts it.
    assert.equal(outcome.status, "partial-succeeded");
    assert.equal(outcome.failedNodes, undefined);
    assert.deepEqual(outcome.outputs, { answer: "done" });
  });
  it("is told from a model that refuses", async () => {
    const { run } = open([
      failing('The model "main" (m) was refused (HTTP 401); check models.main.api_key.'),
    ]);
    assert.equal((await run()).transient, undefined);
  });
});
