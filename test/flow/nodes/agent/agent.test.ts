import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { agentKind } from "../../../../src/flow/nodes/agent/agent.ts";
import { loadNode, modelSaying, outputsOf, poolOf, runNode } from "../llm/bench.ts";
import { inCode } from "../../in-code.ts";

const node = (parameters: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  type: "agent",
  agent_strategy_name: "function_calling",
  agent_strategy_provider_name: "langgenius/agent/agent",
  agent_parameters: {
    model: {
      type: "constant",
      value: { provider: "p", model: "m", mode: "chat", completion_params: { temperature: 0 } },
    },
    instruction: { type: "mixed", value: "Be {{#start.how#}}" },
    query: { type: "variable", value: ["start", "q"] },
    tools: { type: "constant", value: [] },
    ...parameters,
  },
  ...more,
});
const failures = (data: JsonObject): readonly string[] =>
  loadNode(agentKind, data).declaration.failures.map(({ message }) => inCode(message));

describe("agent", () => {
  it("without tools is one answer of its model", async () => {
    const { requests, model } = modelSaying("done");
    const ran = await runNode(agentKind, node(), {
      pool: poolOf({ "start.how": "brief", "start.q": "why?" }),
      ports: { model },
    });
    const { usage, ...outputs } = outputsOf(ran);
    assert.deepEqual(outputs, { text: "done", files: [], json: [] });
    assert.ok(usage);
    assert.equal(ran.text, "done");
    assert.deepEqual(requests[0]?.messages, [
      { role: "system", content: "Be brief" },
      { role: "user", content: "why?" },
    ]);
    assert.deepEqual(requests[0]?.parameters, { temperature: 0 });
    assert.deepEqual(failures(node()), []);
  });

  it("is refused by the names of its tools, unless they are switched off", () => {
    const tools = (enabled: boolean): JsonObject => ({
      tools: { type: "constant", value: [{ enabled, tool_name: "web_search" }] },
    });
    assert.deepEqual(failures(node(tools(true))), ["flow.agent.tools tools=[web_search]"]);
    assert.deepEqual(failures(node(tools(false))), []);
  });

  it("is refused by its strategy or for want of a model", () => {
    assert.deepEqual(failures(node({}, { agent_strategy_name: "mine" })), [
      "flow.agent.strategy strategy=mine",
    ]);
    assert.deepEqual(failures(node({}, { version: "2", agent_node_kind: "dify_agent" })), [
      "flow.agent.version-2",
    ]);
    assert.deepEqual(failures(node({ model: { type: "constant", value: null } })), ["flow.agent.no-model"]);
  });
});
