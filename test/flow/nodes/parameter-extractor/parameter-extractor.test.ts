import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { parameterExtractorKind } from "../../../../src/flow/nodes/parameter-extractor/parameter-extractor.ts";
import { failureOf, modelSaying, outputsOf, poolOf, runNode } from "../llm/bench.ts";

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
        __reason: "Failed to extract result from function call or text response, using empty result.",
        a: "",
        b: 0,
        c: false,
      },
    );
    assert.deepEqual(await extract("no idea", [{ name: "a", type: "array[string]" }]), {
      __is_success: 0,
      __reason: "Invalid number of parameters",
      a: [],
    });
  });

  const REASONS: readonly (readonly [string, JsonObject, string, unknown])[] = [
    ['{"x": 1, "y": 2}', { name: "x", type: "number" }, "Invalid number of parameters", 1],
    ['{"y": 2}', { name: "x", type: "number", required: true }, "Parameter x is required", 0],
    [
      '{"x": "12"}',
      { name: "x", type: "number" },
      "Invalid value for parameter x, expected segment type: number, actual_type: string, python_type: <class 'str'>, value: 12",
      12,
    ],
    [
      '{"x": "1.5"}',
      { name: "x", type: "number" },
      "Invalid value for parameter x, expected segment type: number, actual_type: string, python_type: <class 'str'>, value: 1.5",
      1.5,
    ],
    [
      '{"x": "many"}',
      { name: "x", type: "number" },
      "Invalid value for parameter x, expected segment type: number, actual_type: string, python_type: <class 'str'>, value: many",
      0,
    ],
    [
      '{"x": "xl"}',
      { name: "x", type: "string", options: ["s"] },
      "Invalid `select` value for parameter x",
      "xl",
    ],
    [
      '{"x": []}',
      { name: "x", type: "string" },
      "Invalid value for parameter x, expected segment type: string, actual_type: array[number], python_type: <class 'list'>, value: []",
      "",
    ],
    [
      '{"x": [1, "a"]}',
      { name: "x", type: "array[number]" },
      "Invalid value for parameter x, expected segment type: array[number], actual_type: array[any], python_type: <class 'list'>, value: [1, 'a']",
      [1],
    ],
    [
      '{"x": 1}',
      { name: "x", type: "boolean" },
      "Invalid value for parameter x, expected segment type: boolean, actual_type: integer, python_type: <class 'int'>, value: 1",
      true,
    ],
  ];
  for (const [text, parameter, reason, value] of REASONS) {
    it(`says of ${text}: ${reason}`, async () => {
      assert.deepEqual(await extract(text, [parameter]), { __is_success: 0, __reason: reason, x: value });
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
      __reason: "Failed to invoke model",
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
