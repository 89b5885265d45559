import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TemplateRequest } from "../../../../src/flow/ports.ts";
import type { JsonObject } from "../../../../src/base/json.ts";
import { llmKind } from "../../../../src/flow/nodes/llm/llm.ts";
import { failureOf, loadNode, modelSaying, outputsOf, poolOf, runNode } from "./bench.ts";

const node = (more: JsonObject = {}): JsonObject => ({
  type: "llm",
  model: { provider: "langgenius/openai/openai", name: "gpt-x", mode: "chat", completion_params: {} },
  prompt_template: [{ role: "user", text: "Review {{#start.diff#}}", edition_type: "basic" }],
  context: { enabled: false, variable_selector: [] },
  vision: { enabled: false },
  ...more,
});
const POOL = poolOf({ "start.diff": "+1", "sys.query": "why?" });

describe("llm: prompts", () => {
  it("fills references and passes model, parameters and roles on", async () => {
    const { requests, model } = modelSaying("fine");
    const data = node({
      model: {
        provider: "p",
        name: "m",
        mode: "chat",
        completion_params: { temperature: "{{#start.t#}}", stop: ["x"], top: "{{#start.diff#}}" },
      },
      prompt_template: [
        { role: "system", text: "Be brief." },
        { role: "user", text: "" },
        { role: "user", text: "{{#start.diff#}} {{#start.t#}}" },
      ],
    });
    await runNode(llmKind, data, {
      pool: poolOf({ "start.diff": "+1", "start.t": "0.5" }),
      ports: { model },
    });
    const [request] = requests;
    assert.deepEqual(request?.messages, [
      { role: "system", content: "Be brief." },
      { role: "user", content: "+1 0.5" },
    ]);
    assert.deepEqual(request?.parameters, { temperature: 0.5, stop: ["x"], top: "+1" });
    assert.equal(request?.provider, "p");
    assert.equal(request?.responseSchema, null);
  });

  it("fails on a variable that is not there, in Dify's words", async () => {
    assert.equal(
      failureOf(await runNode(llmKind, node())),
      "VariableNotFoundError: flow.node.variable-missing variable=#start.diff#",
    );
  });

  it("renders Jinja2 prompts with their variables", async () => {
    const { requests, model } = modelSaying("fine");
    const seen: TemplateRequest["variables"][] = [];
    const template = {
      render: async ({ template: text, variables }: TemplateRequest) => {
        seen.push(variables);
        return { ok: true as const, value: `rendered ${text}` };
      },
    };
    const data = node({
      prompt_template: [{ role: "user", text: "old", edition_type: "jinja2", jinja2_text: "{{ d }}" }],
      prompt_config: { jinja2_variables: [{ variable: "d", value_selector: ["start", "list"] }] },
    });
    const pool = poolOf({ "start.list": [{ a: 1 }] });
    const { outcome } = await runNode(llmKind, data, { pool, ports: { model, template } });
    assert.deepEqual(seen, [{ d: [{ a: 1 }] }]);
    assert.equal(requests[0]?.messages[0]?.content, "rendered {{ d }}");
    assert.equal(outcome.inputs?.["d"], '{"a": 1}');
  });

  it("puts the context in as text, without resolving what it holds", async () => {
    const { requests, model } = modelSaying("fine");
    const data = node({
      context: { enabled: true, variable_selector: ["know", "result"] },
      prompt_template: [{ role: "user", text: "Rules: {{#context#}} / {{#start.diff#}}" }],
    });
    const pool = poolOf({
      "start.diff": "+1",
      "env.key": "secret",
      "know.result": [{ title: "t", content: "one {{#env.key#}}", summary: "sum" }, { content: "two" }],
    });
    await runNode(llmKind, data, { pool, ports: { model } });
    assert.equal(requests[0]?.messages[0]?.content, "Rules: sum\none {{#env.key#}}\ntwo / +1");
  });

  it("fails on a context of another shape", async () => {
    const data = node({ context: { enabled: true, variable_selector: ["know", "result"] } });
    const pool = poolOf({ "start.diff": "+1", "know.result": [{ text: "x" }] });
    assert.equal(
      failureOf(await runNode(llmKind, data, { pool })),
      "InvalidContextStructureError: flow.llm.context-invalid value={'text': 'x'}",
    );
  });

  it("sends a completion prompt as one message and drops the empty history", async () => {
    const { requests, model } = modelSaying("fine");
    const data = node({
      prompt_template: { text: "{{#histories#}}Q: {{#start.diff#}}", edition_type: "basic" },
    });
    await runNode(llmKind, data, { pool: POOL, ports: { model } });
    assert.deepEqual(requests[0]?.messages, [{ role: "user", content: "Q: +1" }]);
  });

  it("adds the query as last message when memory is on, and warns", async () => {
    const { requests, model } = modelSaying("fine");
    const data = node({
      memory: { window: { enabled: false, size: 10 }, query_prompt_template: "Q {{#sys.query#}}" },
    });
    await runNode(llmKind, data, { pool: POOL, ports: { model } });
    assert.deepEqual(requests[0]?.messages.at(-1), { role: "user", content: "Q why?" });
    assert.equal(loadNode(llmKind, data).declaration.warnings[0]?.field, "memory");
  });

  it("fails when every prompt came out empty", async () => {
    const pool = poolOf({ "start.diff": "" });
    const data = node({ prompt_template: [{ role: "user", text: "{{#start.diff#}}" }] });
    assert.equal(failureOf(await runNode(llmKind, data, { pool })), "NoPromptFoundError: flow.llm.no-prompt");
  });

  it("keeps the place of the conversation in a chat, and puts it in front of a completion without one", async () => {
    const { requests, model } = modelSaying("fine");
    const ask = async (more: JsonObject): Promise<unknown> =>
      runNode(llmKind, node(more), { pool: POOL, ports: { model } });
    await ask({ prompt_template: [{ role: "system", text: "s {{#histories#}}" }] });
    await ask({ prompt_template: { text: "T", edition_type: "basic" } });
    assert.deepEqual(
      requests.map(({ messages }) => messages),
      [[{ role: "system", content: "s {{#histories#}}" }], [{ role: "user", content: "\nT" }]],
    );
  });
});

describe("llm: memory", () => {
  const TURNS = [
    { query: "one", answer: "1" },
    { query: "two", answer: "2" },
  ];
  const sentFor = async (more: JsonObject) => {
    const { requests, model } = modelSaying("fine");
    await runNode(llmKind, node(more), { pool: POOL, ports: { model }, turns: TURNS });
    return requests[0]?.messages.map(({ role, content }) => `${role}: ${content}`);
  };

  it("puts the exchanges before between the prompts and the query, as many as its window has", async () => {
    assert.deepEqual(await sentFor({ memory: { window: { enabled: false, size: 1 } } }), [
      "user: Review +1",
      "user: one",
      "assistant: 1",
      "user: two",
      "assistant: 2",
      "user: why?",
    ]);
    assert.deepEqual(await sentFor({ memory: { window: { enabled: true, size: 1 } } }), [
      "user: Review +1",
      "user: two",
      "assistant: 2",
      "user: why?",
    ]);
    assert.deepEqual(await sentFor({ memory: { window: { enabled: true, size: 0 } } }), [
      "user: Review +1",
      "user: why?",
    ]);
  });

  it("writes them as lines for a completion model, where its prompt wants them", async () => {
    const memory = { window: { enabled: true, size: 1 }, role_prefix: { user: "Q", assistant: "A" } };
    const model = { provider: "p", name: "m", mode: "completion", completion_params: {} };
    const prompt = (text: string): JsonObject => ({ model, memory, prompt_template: { text } });
    assert.deepEqual(await sentFor(prompt("Before: {{#histories#}}. Go on")), [
      "user: why?\nBefore: Q: two\nA: 2. Go on",
    ]);
    assert.deepEqual(await sentFor(prompt("Go on")), ["user: why?\nQ: two\nA: 2\nGo on"]);
  });

  it("remembers nothing without memory", async () => {
    assert.deepEqual(await sentFor({}), ["user: Review +1"]);
  });
});

describe("llm: answers", () => {
  it("gives text, usage in Dify's keys and the finish reason", async () => {
    const { model } = modelSaying("fine");
    const outputs = outputsOf(await runNode(llmKind, node(), { pool: POOL, ports: { model } }));
    assert.equal(outputs["text"], "fine");
    assert.equal(outputs["reasoning_content"], "");
    assert.equal(outputs["finish_reason"], "stop");
    assert.deepEqual(outputs["usage"], {
      prompt_tokens: 7,
      prompt_unit_price: "0",
      prompt_price_unit: "0",
      prompt_price: "0",
      completion_tokens: 3,
      completion_unit_price: "0",
      completion_price_unit: "0",
      completion_price: "0",
      total_tokens: 10,
      total_price: "0.000021",
      currency: "USD",
      latency: 0,
      time_to_first_token: null,
      time_to_generate: null,
    });
  });

  it("passes the model's failure on under its own name", async () => {
    const model = {
      generate: async () => ({
        ok: false as const,
        errorType: "InvokeRateLimitError",
        message: "slow down",
        retryable: true,
      }),
    };
    assert.equal(
      failureOf(await runNode(llmKind, node(), { pool: POOL, ports: { model } })),
      "InvokeRateLimitError: slow down",
    );
  });

  it("keeps think tags in the text by default and streams them", async () => {
    const { model } = modelSaying("<think>why</think>fine");
    const ran = await runNode(llmKind, node(), { pool: POOL, ports: { model } });
    assert.equal(outputsOf(ran)["text"], "<think>why</think>fine");
    assert.equal(ran.text, "<think>why</think>fine");
  });

  it("puts reasoning that the provider reports apart into tags, as Dify's plugins do", async () => {
    const { model } = modelSaying("fine", { reasoning: "why" });
    const outputs = outputsOf(await runNode(llmKind, node(), { pool: POOL, ports: { model } }));
    assert.equal(outputs["text"], "<think>\nwhy\n</think>fine");
  });

  it("separates reasoning in outputs and stream", async () => {
    const { model } = modelSaying("<think>two</think>fine", {
      reasoning: "one",
      chunks: ["<thi", "nk>two</think>", "fine"],
    });
    const ran = await runNode(llmKind, node({ reasoning_format: "separated" }), {
      pool: POOL,
      ports: { model },
    });
    assert.equal(outputsOf(ran)["text"], "fine");
    assert.equal(outputsOf(ran)["reasoning_content"], "one\ntwo");
    assert.equal(ran.text, "fine");
    assert.equal(ran.reasoning, "two");
  });
});

describe("llm: structured output", () => {
  const SCHEMA: JsonObject = {
    type: "object",
    properties: {
      findings: {
        type: "array",
        items: { type: "object", properties: { line: { type: "integer" } }, required: ["line"] },
      },
    },
    required: ["findings"],
  };
  for (const name of ["structured_output_enabled", "structured_output_switch_on"]) {
    it(`is on by ${name}, passes the schema and parses leniently`, async () => {
      const { requests, model } = modelSaying('Here:\n```json\n{"findings": [{"line": 3},]}\n```');
      const data = node({ structured_output: { schema: SCHEMA }, [name]: true });
      const outputs = outputsOf(await runNode(llmKind, data, { pool: POOL, ports: { model } }));
      assert.deepEqual(outputs["structured_output"], { findings: [{ line: 3 }] });
      assert.deepEqual(requests[0]?.responseSchema, SCHEMA);
    });
  }

  it("fails where the answer is no JSON or not what the schema asks for", async () => {
    const data = node({ structured_output: { schema: SCHEMA }, structured_output_switch_on: true });
    const said = async (text: string): Promise<string> =>
      failureOf(await runNode(llmKind, data, { pool: POOL, ports: { model: modelSaying(text).model } }));
    assert.equal(await said("no"), "LLMNodeError: flow.llm.output-unreadable answer=no");
    assert.equal(
      await said('{"findings": [{"line": 1}, {}]}'),
      "LLMNodeError: flow.llm.output-invalid path=$.findings[1] problem=(flow.schema.required name=line)",
    );
  });

  it("leaves values as the model gave them and puts no default in", async () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        either: { anyOf: [{ type: "string" }, { type: "number" }] },
        missing: { type: "string", default: "d" },
        whole: { type: "integer" },
      },
    };
    const data = node({ structured_output: { schema }, structured_output_switch_on: true });
    const run = (text: string) =>
      runNode(llmKind, data, { pool: POOL, ports: { model: modelSaying(text).model } });
    assert.deepEqual(outputsOf(await run('{"either": 5}'))["structured_output"], { either: 5 });
    assert.match(failureOf(await run('{"whole": "5"}')), /path=\$\.whole/);
  });

  it("cannot run with a schema that is none or missing", () => {
    const failures = (schema: JsonObject): readonly string[] =>
      loadNode(
        llmKind,
        node({ structured_output: { schema }, structured_output_switch_on: true }),
      ).declaration.failures.map(({ field }) => field);
    assert.deepEqual(failures({ type: "nonsense" }), ["structured_output.schema"]);
    const without = (more: JsonObject) => loadNode(llmKind, node(more)).declaration.failures.length;
    assert.equal(without({ structured_output: {}, structured_output_switch_on: true }), 1);
    assert.equal(without({ structured_output: {}, structured_output_enabled: false }), 0);
    assert.equal(without({ structured_output: { enabled: false } }), 0);
    assert.deepEqual(
      failures({ $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" }),
      [],
    );
  });

  it("is off by default and when only a schema is there", async () => {
    const { requests, model } = modelSaying("fine");
    const data = node({ structured_output: { schema: SCHEMA }, structured_output_enabled: false });
    assert.equal(
      "structured_output" in outputsOf(await runNode(llmKind, data, { pool: POOL, ports: { model } })),
      false,
    );
    assert.equal(requests[0]?.responseSchema, null);
  });
});

describe("llm: what the file says", () => {
  it("names a missing model and a missing prompt", () => {
    const declared = (more: JsonObject) => loadNode(llmKind, node(more)).declaration;
    const without = declared({ model: { provider: "", name: "", mode: "" } });
    assert.deepEqual(
      without.failures.map(({ field }) => field),
      ["model"],
    );
    assert.deepEqual(without.models, []);
    const empty = declared({ prompt_template: [{ role: "system", text: " " }] });
    assert.deepEqual(
      empty.warnings.map(({ field }) => field),
      ["prompt_template"],
    );
  });
});
