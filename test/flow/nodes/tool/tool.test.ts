import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json, JsonObject } from "../../../../src/base/json.ts";
import { NO_USAGE } from "../../../../src/flow/flow-event.ts";
import { toolKind } from "../../../../src/flow/nodes/tool/tool.ts";
import type { ToolAnswer, ToolRequest } from "../../../../src/flow/ports.ts";
import { failureOf, loadNode, outputsOf, poolOf, runNode } from "../llm/bench.ts";

const ANSWER: ToolAnswer = { text: "done", json: [{ a: 1 }], files: [], variables: {}, usage: NO_USAGE };

const node = (more: JsonObject = {}): JsonObject => ({
  type: "tool",
  provider_id: "shouter-1",
  provider_type: "mcp",
  provider_name: "Shouter",
  tool_name: "shout",
  tool_node_version: "2",
  tool_configurations: {},
  tool_parameters: {},
  ...more,
});

const POOL = poolOf({ "start.word": "hello", "start.list": [1, 2], "start.none": null });

const run = async (more: JsonObject, answer: Partial<ToolAnswer> = {}) => {
  const requests: ToolRequest[] = [];
  const invoke = async (request: ToolRequest) => {
    requests.push(request);
    return { ok: true as const, value: { ...ANSWER, ...answer } };
  };
  const describe = async () => assert.fail("no node asks for a description");
  const ran = await runNode(toolKind, node(more), { pool: POOL, ports: { tools: { invoke, describe } } });
  return { ran, requests };
};

const given = async (more: JsonObject) => {
  const { ran, requests } = await run(more);
  outputsOf(ran);
  return { parameters: requests[0]?.parameters, settings: requests[0]?.settings };
};

describe("tool", () => {
  it("calls the tool that the file names, and shows what it gave it", async () => {
    const { ran, requests } = await run({
      tool_parameters: { text: { type: "mixed", value: "{{#start.word#}}!" } },
    });
    const [{ providerType, providerId, toolName, callDepth } = assert.fail()] = requests;
    assert.deepEqual([providerType, providerId, toolName, callDepth], ["mcp", "shouter-1", "shout", 0]);
    assert.deepEqual(ran.outcome.inputs, { text: "hello!" });
  });

  it("resolves parameters as Dify does: texts and constants to text, variables to their value, nulls to nothing", async () => {
    const cases: readonly (readonly [name: string, input: Json, resolved: Json | undefined])[] = [
      ["text", { type: "mixed", value: "say {{#start.word#}}" }, "say hello"],
      ["missing", { type: "mixed", value: "{{#start.other#}}" }, "start.other"],
      ["constant", { type: "constant", value: 0.8 }, "0.8"],
      ["truth", { type: "constant", value: true }, "True"],
      ["template", { type: "constant", value: '["{{#start.word#}}"]' }, '["hello"]'],
      ["variable", { type: "variable", value: ["start", "list"] }, [1, 2]],
      ["null", { type: "mixed", value: null }, undefined],
      ["nothing", null, undefined],
      ["plain", "{{#start.word#}}", undefined],
    ];
    const { parameters } = await given({
      tool_parameters: Object.fromEntries(cases.map(([name, input]) => [name, input])),
    });
    const kept = cases.flatMap(([name, , resolved]) => (resolved === undefined ? [] : [[name, resolved]]));
    assert.deepEqual(parameters, Object.fromEntries(kept));
  });

  it("takes configurations in the form of the file's version", async () => {
    const wrapped = {
      zone: { type: "mixed", value: "{{#start.word#}}" },
      count: { type: "constant", value: 2 },
      off: { type: "constant", value: null },
    };
    const current = { zone: "hello", count: "2" };
    assert.deepEqual((await given({ tool_configurations: wrapped })).settings, current);
    const byVersion = { tool_node_version: null, version: "2", tool_configurations: wrapped };
    assert.deepEqual((await given(byVersion)).settings, current);
    const old = { format: "%H {{#start.word#}}", count: 2, proxy: null };
    assert.deepEqual((await given({ tool_node_version: null, tool_configurations: old })).settings, {
      format: "%H {{#start.word#}}",
      count: 2,
    });
  });

  it("fails where a variable is missing or a type is unknown", async () => {
    const failure = async (input: Json) => failureOf((await run({ tool_parameters: { a: input } })).ran);
    assert.equal(
      await failure({ type: "variable", value: ["start", "other"] }),
      "ToolParameterError: flow.tool.variable-missing selector=['start', 'other']",
    );
    assert.equal(
      await failure({ type: "guessed", value: "x" }),
      "ToolParameterError: flow.tool.input-type type=guessed",
    );
  });

  it("puts out text, files, JSON and each variable by its name, which wins", async () => {
    const { ran } = await run({}, { variables: { n: 3, text: "of the variable" } });
    assert.deepEqual(outputsOf(ran), { text: "of the variable", files: [], json: [{ a: 1 }], n: 3 });
  });

  it("fails as the port says", async () => {
    const invoke = async () =>
      ({ ok: false, errorType: "Refused", message: "not here", retryable: false }) as const;
    const ran = await runNode(toolKind, node(), { ports: { tools: { invoke, describe: invoke } } });
    assert.equal(failureOf(ran), "Refused: not here");
  });

  it("says which tool it calls before anything runs, and what it reads", () => {
    const { declaration } = loadNode(
      toolKind,
      node({
        tool_parameters: {
          text: { type: "mixed", value: "{{#start.word#}}" },
          list: { type: "variable", value: ["start", "list"] },
        },
      }),
    );
    assert.deepEqual(declaration.tools, [
      { providerType: "mcp", providerId: "shouter-1", toolName: "shout" },
    ]);
    assert.deepEqual(declaration.failures, []);
    assert.deepEqual(
      declaration.reads.map(({ selector, needed }) => [selector.join("."), needed]),
      [
        ["start.word", false],
        ["start.list", true],
      ],
    );
  });
});
