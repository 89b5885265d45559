import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark, VariableUse } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import type { Pool } from "../../pool.ts";
import { readPool, resolveText } from "../../pool.ts";
import type { ModelMessage } from "../../ports.ts";
import { textOfVariable } from "../../value-text.ts";
import type { ValueType } from "../../value-type.ts";
import { resolveParameters } from "../llm/model-settings.ts";
import { usageOutput } from "../llm/usage.ts";
import { readsOfText } from "../selector-path.ts";
import type { AgentParameter } from "./schema.ts";
import { AgentData, agentModel, enabledTools, selectorOf } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

/** The strategies of Dify's own agent plugin; without tools, each comes down to one answer of the model. */
const STRATEGIES: ReadonlySet<string> = new Set(["function_calling", "ReAct"]);
const TYPES: Readonly<Record<string, ValueType>> = { files: "array[file]", json: "array[object]" };

const readsOf = (name: string, parameter: AgentParameter | undefined): readonly VariableUse[] => {
  const field = `agent_parameters.${name}`;
  const selector = selectorOf(parameter);
  if (selector !== null) return [{ selector, field, needed: true }];
  return typeof parameter?.value === "string" ? readsOfText(field, parameter.value) : [];
};

const failures = (data: AgentData): readonly NodeRemark[] => {
  if (data.agent_node_kind === "dify_agent") {
    return [{ field: "agent_node_kind", message: flowMessage("flow.agent.version-2") }];
  }
  const strategy = data.agent_strategy_name ?? "";
  const tools = enabledTools(data);
  return [
    ...(STRATEGIES.has(strategy)
      ? []
      : [
          {
            field: "agent_strategy_name",
            message: flowMessage("flow.agent.strategy", { strategy }),
          },
        ]),
    ...(tools.length === 0
      ? []
      : [
          {
            field: "agent_parameters.tools",
            message: flowMessage("flow.agent.tools", { tools: tools }),
          },
        ]),
    ...(agentModel(data) === undefined
      ? [{ field: "agent_parameters.model", message: flowMessage("flow.agent.no-model") }]
      : []),
  ];
};

const declare = (data: AgentData): NodeDeclaration => {
  const model = agentModel(data);
  return {
    ...PLAIN_DECLARATION,
    reads: [
      ...readsOf("instruction", data.agent_parameters["instruction"]),
      ...readsOf("query", data.agent_parameters["query"]),
    ],
    outputs: { text: "string", usage: "object", files: "array[file]", json: "array[object]" },
    models: model === undefined ? [] : [{ provider: model.provider, name: model.model }],
    failures: failures(data),
    warnings:
      data.memory === null || data.memory === undefined
        ? []
        : [
            {
              field: "memory",
              message: flowMessage("flow.agent.no-memory"),
            },
          ],
  };
};

const textOf = (pool: Pool, parameter: AgentParameter | undefined): string => {
  const selector = selectorOf(parameter);
  if (selector === null)
    return typeof parameter?.value === "string" ? resolveText(pool, parameter.value) : "";
  const variable = readPool(pool, selector);
  return variable === undefined ? "" : textOfVariable(variable);
};

const execute = async (data: AgentData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, clock } = context;
  const instruction = textOf(pool, data.agent_parameters["instruction"]);
  const query = textOf(pool, data.agent_parameters["query"]);
  const inputs = { instruction, query };
  const model = agentModel(data);
  if (model === undefined)
    return nodeFailure("AgentNodeError", flowMessage("flow.agent.no-model"), { inputs });
  const messages: readonly ModelMessage[] = [
    { role: "system", content: instruction },
    { role: "user", content: query },
  ];
  const startedAt = clock.now();
  const answer = await ports.model.generate({
    provider: model.provider,
    name: model.model,
    parameters: resolveParameters(pool, model.completion_params),
    messages: messages.filter(({ content }) => content !== ""),
    responseSchema: null,
    signal,
    onText: (chunk) => context.emitText("text", chunk),
  });
  if (!answer.ok) return portFailure(answer, { inputs });
  const { text, usage } = answer.value;
  const outputs = { text, usage: usageOutput(usage, clock.now() - startedAt), files: [], json: [] };
  return { ok: true, inputs, outputs, types: TYPES, usage };
};

/** Runs an agent that has no tools, which is a single answer of its model; others fail by name when they are reached. */
export const agentKind = defineNodeKind({
  type: "agent",
  errorType: "AgentNodeError",
  schema: AgentData,
  declare,
  execute,
});
