import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { parameterExtractorKind } from "../../../../src/flow/nodes/parameter-extractor/parameter-extractor.ts";
import { failureOf, modelSaying, outputsOf, poolOf, runNode } from "../llm/bench.ts";
import { englishOf, type FlowMessage, flowMessage } from "../../../../src/flow/messages/message.ts";
import { inCode } from "../../in-code.ts";

const node = (parameters: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  type: "parameter-extractor",
  query: ["start", "q"],
  model: { provider: "p", name: "m", mode: "chat", completion_params: {} },
  parameters: parameters.map((parameter) => ({ description: "", required: false, ...parameter })),
  reasoning_mode: "function_call",
  ...more,
});
const POOL = poolOf({ "start.q": "book a room", "start.hint": "be exact" });
const extract = async (text: string, parameters: readonly JsonObject[]) => {
  const { model } = modelSaying(text);
  const ran = await runNode(parameterExtractorKind, node(parameters), { pool: POOL, ports: { model } });
  const { __usage, ...outputs } = outputsOf(ran);
  assert.ok(__usage);
  return outputs;
};

describe("parameter-extractor", () => {
  it("gives the parameters that the model found", async () => {
    const outputs = await extract('Sure:\n```json\n{"room": "A1", "people": 4, "tags": ["x"]}\n```', [
      { name: "room", type: "string", required: true },
      { name: "people", type: "number" },
      { name: "tags", type: "array[string]" },
    ]);
    assert.deepEqual(outputs, { __is_success: 1, __reason: null, room: "A1", people: 4, tags: ["x"] });
  });

  it("asks with instruction, text and the parameters as a schema, old type names included", async () => {
    const { requests, model } = modelSaying("{}");
    const data = node(
      [
        { name: "size", type: "select", options: ["s", "m"], description: "how big", required: true },
        { name: "list", type: "array[number]" },
        { name: "yes", type: "bool" },
      ],
      { instruction: "Please {{#start.hint#}}" },
    );
    await runNode(parameterExtractorKind, data, { pool: POOL, ports: { model } });
    const [request] = requests;
    assert.deepEqual(request?.responseSchema, {
      type: "object",
      properties: {
        size: { description: "how big", type: "string", enum: ["s", "m"] },
        list: { description: "", type: "array", items: { type: "number" } },
        yes: { description: "", type: "boolean" },
      },
      required: ["size"],
    });
    assert.match(request?.messages[0]?.content ?? "", /Please be exact/);
    assert.match(request?.messages.at(-1)?.content ?? "", /book a room/);
  });

  it("goes on with zeros when there is no JSON, and says so", async () => {
    assert.deepEqual(
      await extract("no idea", [
        { name: "a", type: "string" },
        { name: "b", type: "number" },
        { name: "c", type: "boolean" },
      ]),
      {
        __is_success: 0,
        __reason: englishOf(flowMessage("flow.parameters.no-result")),
        a: "",
        b: 0,
        c: false,
      },
    );
    assert.deepEqual(await extract("no idea", [{ name: "a", type: "array[string]" }]), {
      __is_success: 0,
      __reason: englishOf(flowMessage("flow.parameters.count")),
      a: [],
    });
  });

  const invalid = (expected: string, actual: string, python: string, value: string): FlowMessage =>
    flowMessage("flow.parameters.value-invalid", {
      name: "x",
      expected,
      actual,
      python: `<class '${python}'>`,
      value,
    });
  const REASONS: readonly (readonly [string, JsonObject, FlowMessage, unknown])[] = [
    ['{"x": 1, "y": 2}', { name: "x", type: "number" }, flowMessage("flow.parameters.count"), 1],
    [
      '{"y": 2}',
      { name: "x", type: "number", required: true },
      flowMessage("flow.parameters.required", { name: "x" }),
      0,
    ],
    ['{"x": "12"}', { name: "x", type: "number" }, invalid("number", "string", "str", "12"), 12],
    ['{"x": "1.5"}', { name: "x", type: "number" }, invalid("number", "string", "str", "1.5"), 1.5],
    ['{"x": "many"}', { name: "x", type: "number" }, invalid("number", "string", "str", "many"), 0],
    [
      '{"x": "xl"}',
      { name: "x", type: "string", options: ["s"] },
      flowMessage("flow.parameters.not-an-option", { name: "x" }),
      "xl",
    ],
    ['{"x": []}', { name: "x", type: "string" }, invalid("string", "array[number]", "list", "[]"), ""],
    [
      '{"x": [1, "a"]}',
      { name: "x", type: "array[number]" },
      invalid("array[number]", "array[any]", "list", "[1, 'a']"),
      [1],
    ],
    ['{"x": 1}', { name: "x", type: "boolean" }, invalid("boolean", "integer", "int", "1"), true],
  ];
  for (const [text, parameter, reason, value] of REASONS) {
    it(`says of ${text}: ${inCode(reason)}`, async () => {
      const said = { __is_success: 0, __reason: englishOf(reason), x: value };
      assert.deepEqual(await extract(text, [parameter]), said);
    });
  }

  it("counts a truth value as a number, as Python does", async () => {
    assert.deepEqual(await extract('{"x": true}', [{ name: "x", type: "number" }]), {
      __is_success: 1,
      __reason: null,
      x: 1,
    });
  });

  it("fails with its model and says so in its outputs", async () => {
    const model = {
      generate: async () => ({
        ok: false as const,
        errorType: "InvokeError",
        message: "down",
        retryable: true,
      }),
    };
    const ran = await runNode(parameterExtractorKind, node([{ name: "x", type: "string" }]), {
      pool: POOL,
      ports: { model },
    });
    assert.equal(failureOf(ran), "InvokeError: down");
    assert.deepEqual(!ran.outcome.ok && ran.outcome.outputs, {
      __is_success: 0,
      __reason: englishOf(flowMessage("flow.parameters.call-failed")),
      __error: "down",
    });
  });

  it("names reserved names and unknown types by field", () => {
    const loaded = parameterExtractorKind.load(
      node([
        { name: "__reason", type: "string" },
        { name: "a", type: "file" },
      ]),
    );
    assert.ok("problems" in loaded);
    assert.deepEqual(
      loaded.problems.map(({ field }) => field),
      ["parameters.0.name", "parameters.1.type"],
    );
  });
});
