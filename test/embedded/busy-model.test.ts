import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stringify } from "yaml";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { reasonFrom } from "../../src/base/reason.ts";
import { flowMessage } from "../../src/flow/messages/message.ts";
import { reasonInFull, translator } from "../../src/messages/format-message.ts";
import { message } from "../../src/messages/message.ts";
import type { FlowOutcome } from "../../src/review/flow-runner.ts";
import { reasonOfStatus } from "../../src/review/read-outcome.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { Exact } from "../../src/flow/exact.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { FailureCause, ModelAnswer, NodeFailure, NodeResult } from "../../src/flow/ports.ts";

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
const chain = (nodes: Readonly<Record<string, object>>, edges: readonly (readonly string[])[]) =>
  parseFlow(
    stringify({
      version: "0.3.0",
      kind: "app",
      app: { name: "busy", mode: "workflow" },
      workflow: {
        graph: {
          nodes: Object.entries(nodes).map(([id, node]) => ({
            id,
            type: "custom",
            data: { title: id, ...node },
            ...(id.startsWith("each-") ? { parentId: "each" } : {}),
          })),
          edges: edges.map(([source, target]) => ({
            id: `${source}`,
            source,
            target,
            sourceHandle: "source",
          })),
        },
      },
    }),
  );

const flowWith = (model: object) =>
  chain({ ...data, model }, [
    ["start", "prepare"],
    ["prepare", "model"],
    ["model", "end"],
  ]);

/** The model is asked inside an iteration, for each of two items. */
const iterating = () => {
  const inner = { isInIteration: true, iteration_id: "each" };
  const list = { type: "array[string]", children: null };
  return chain(
    {
      start: data.start,
      prepare: { ...data.prepare, outputs: { x: list } },
      each: {
        type: "iteration",
        start_node_id: "each-start",
        iterator_selector: ["prepare", "x"],
        output_selector: ["each-model", "text"],
      },
      "each-start": { type: "iteration-start", ...inner },
      "each-model": {
        ...data.model,
        ...inner,
        prompt_template: [{ id: "u", role: "user", text: "{{#each.item#}}" }],
      },
      end: { type: "end", outputs: [{ variable: "answer", value_selector: ["each", "output"] }] },
    },
    [
      ["start", "prepare"],
      ["prepare", "each"],
      ["each-start", "each-model"],
      ["each", "end"],
    ],
  );
};

const refused: NodeFailure = {
  ok: false,
  errorType: "Refused",
  message: "not in this test",
  retryable: false,
};
const usage = { ...NO_USAGE, totalTokens: 30, promptTokens: 20, completionTokens: 10 };
const done: NodeResult<ModelAnswer> = {
  ok: true,
  value: { text: "done", reasoning: "", finishReason: "stop", toolCalls: [], usage },
};
const failing = (message: string, cause: FailureCause = {}): NodeResult<ModelAnswer> => ({
  ok: false,
  errorType: "InvokeRateLimitError",
  message,
  retryable: true,
  ...cause,
});
const main = { kind: "model", name: "main" } as const;

const open = (
  answers: readonly NodeResult<ModelAnswer>[],
  model: object = data.model,
  flow = flowWith(model),
  x: Exact = "hello",
) => {
  const seen = { code: 0, model: 0 };
  const ports: FlowPorts = {
    code: { run: async () => ((seen.code += 1), { ok: true, value: { x } }) },
    template: { render: async () => refused },
    http: { send: async () => refused },
    knowledge: { search: async () => refused },
    tools: { invoke: async () => refused, describe: async () => refused },
    documents: { read: async () => refused },
    model: { generate: async () => answers[seen.model++] ?? refused },
  };
  const journal = createMemoryJournal();
  const run = () =>
    createEmbeddedRunner({ flow, ports, tools: () => ports.tools }).run({
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
    const outside = { peer: main, verdict: "away" } as const;
    const { run, seen } = open([failing("no", { outside: { ...outside, pauseMs: 3_600_000 } }), done]);
    const first = await run();
    assert.deepEqual(
      [first.status, first.transient],
      ["failed", { outside, pauseMs: 3_600_000, mayHavePosted: false }],
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
  it("is known by what the failure tells, whatever its words are", async () => {
    const unclear = "Too many requests (HTTP 429), context length exceeded";
    assert.deepEqual(
      [(await open([failing(unclear)]).run()).transient, (await open([failing(unclear)]).run()).contextLimit],
      [undefined, undefined],
    );
    const passing = await open([failing("no", { passes: true })]).run();
    assert.deepEqual(passing.transient, { outside: null, pauseMs: null, mayHavePosted: false });
    const contextLimit = { windowTokens: 4_096 };
    assert.deepEqual((await open([failing("no", { contextLimit })]).run()).contextLimit, contextLimit);
  });
  it("and is asked inside an iteration is waited for, too, and what had failed is run again", async () => {
    const outside = { peer: main, verdict: "refused" } as const;
    const answers = [done, failing("no", { outside: { ...outside, pauseMs: null } }), done];
    const { run, seen } = open(answers, {}, iterating(), ["a", "b"]);
    const first = await run();
    assert.deepEqual(
      [first.status, first.transient],
      ["failed", { outside, pauseMs: null, mayHavePosted: false }],
    );
    const second = await run();
    assert.deepEqual([second.status, second.outputs], ["succeeded", { answer: ["done", "done"] }]);
    assert.deepEqual(seen, { code: 1, model: 3 });
  });
});

describe("what a run failed with, in the engine", () => {
  /** The reason as it comes back from the store, for a reader of a language. */
  const inFull = (outcome: FlowOutcome, language: string): string => {
    const { code, params } = reasonOfStatus(outcome) ?? assert.fail("no reason");
    const stored: unknown = JSON.parse(JSON.stringify(params));
    return reasonInFull(translator(language), reasonFrom(code, stored));
  };

  it("is a code with parameters where the engine says it, in the reader's language", async () => {
    const prompt = [{ id: "u", role: "user", text: "{{#prepare.gone#}}" }];
    const { run } = open([], { ...data.model, prompt_template: prompt });
    const outcome = await run();
    const variable = "#prepare.gone#";
    assert.deepEqual(outcome.error, flowMessage("flow.node.variable-missing", { variable }));
    for (const language of ["ja", "ko"])
      assert.ok(
        inFull(outcome, language).endsWith(translator(language)("flow.node.variable-missing", { variable })),
      );
  });

  it("is the host's own code where a port says it, and in its words where it has none", async () => {
    const host = message("model.unfinished", { name: "main", model: "m" });
    const problem = { ...failing("It broke off."), host };
    const { run } = open([problem]);
    const outcome = await run();
    assert.deepEqual(outcome.error, { ...flowMessage("flow.verbatim", { text: "It broke off." }), host });
    for (const language of ["ja", "ko"])
      assert.ok(inFull(outcome, language).endsWith(translator(language).message(host)));
    const plain = await open([failing("broken")]).run();
    assert.equal(plain.error, "broken");
    assert.ok(inFull(plain, "ja").endsWith(": broken"));
  });

  it("is what it says where another version stored a code that is not known", async () => {
    const stored = reasonFrom("flow-failed", {
      detail: { ...flowMessage("flow.verbatim", { text: "bad" }), host: { code: "gone.code", params: {} } },
    });
    assert.ok(reasonInFull(translator("ja"), stored).endsWith(": bad"));
  });
});
