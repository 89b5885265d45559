import type { Json } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark } from "../../node.ts";
import { defineNodeKind, NODE_ERROR, nodeFailure, PLAIN_DECLARATION, portFailure } from "../../node.ts";
import { addUsage, NO_USAGE } from "../../flow-event.ts";
import { flowMessage } from "../../messages/message.ts";
import { NodeError } from "../../node-error.ts";
import { textOfValue } from "../../value-text.ts";
import { modelWarnings, rememberedTurns, resolveParameters } from "../llm/model-settings.ts";
import { usageOutput } from "../llm/usage.ts";
import { type AgentStrategy, type AgentTally, openAgentRun } from "./agent-run.ts";
import { openAgentTools, PortFailed, referenceOf } from "./agent-tools.ts";
import { callFunctions } from "./function-calling.ts";
import { reasonAndAct } from "./react.ts";
import {
  AgentData,
  type AgentModel,
  agentModel,
  allowedTools,
  type ListedTool,
  listedTools,
  readsOf,
  readsOfTool,
  resolveParameter,
} from "./schema.ts";

/** The strategies of Dify's own agent plugin. */
const STRATEGIES: Readonly<Record<string, AgentStrategy>> = {
  function_calling: callFunctions,
  ReAct: reasonAndAct,
};
const OWN_PLUGIN = "langgenius/agent/agent";

/** The rounds of a file that states none, and the most that are gone: the limits of Dify's plugin and of its editor. */
const DEFAULT_ITERATIONS = 3;
const MAX_ITERATIONS = 99;

const PARAMETERS = ["instruction", "query", "context", "maximum_iterations", "allowed_tools"] as const;

const strategyOf = (data: AgentData): AgentStrategy | undefined => {
  const { agent_strategy_name: name, agent_strategy_provider_name: provider } = data;
  const isOwn = (provider ?? "") === "" || provider === OWN_PLUGIN;
  return isOwn && Object.hasOwn(STRATEGIES, name ?? "") ? STRATEGIES[name ?? ""] : undefined;
};

const failures = (data: AgentData): readonly NodeRemark[] => {
  if (data.agent_node_kind === "dify_agent") {
    return [{ field: "agent_node_kind", message: flowMessage("flow.agent.version-2") }];
  }
  const { agent_strategy_name: name, agent_strategy_provider_name: provider } = data;
  const strategy = [provider ?? "", name ?? ""]
    .filter((part) => part !== "" && part !== OWN_PLUGIN)
    .join("/");
  return [
    ...(strategyOf(data) === undefined
      ? [{ field: "agent_strategy_name", message: flowMessage("flow.agent.strategy", { strategy }) }]
      : []),
    ...(listedTools(data) === null
      ? [{ field: "agent_parameters.tools", message: flowMessage("flow.agent.tools-unreadable") }]
      : []),
    ...(agentModel(data) === undefined
      ? [{ field: "agent_parameters.model", message: flowMessage("flow.agent.no-model") }]
      : []),
  ];
};

const declare = (data: AgentData): NodeDeclaration => {
  const model = agentModel(data);
  const problems = failures(data);
  const tools = problems.length === 0 ? (listedTools(data) ?? []) : [];
  return {
    ...PLAIN_DECLARATION,
    reads: [
      ...PARAMETERS.flatMap((name) => readsOf(`agent_parameters.${name}`, data.agent_parameters[name])),
      ...tools.flatMap(readsOfTool),
    ],
    outputs: { text: "string", usage: "object", files: "array[file]", json: "array[object]" },
    models: model === undefined ? [] : [{ provider: model.provider, name: model.model }],
    tools: tools.map(referenceOf),
    failures: problems,
    warnings: modelWarnings(data),
  };
};

const iterationsOf = (value: Json): number => {
  if (value === null || value === "") return DEFAULT_ITERATIONS;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 1)
    throw new NodeError(flowMessage("flow.agent.iterations", { most: MAX_ITERATIONS }));
  return Math.min(number, MAX_ITERATIONS);
};

type Start = {
  readonly strategy: AgentStrategy;
  readonly model: AgentModel;
  readonly listed: readonly ListedTool[];
};

const work = async (
  { strategy, model, listed }: Start,
  data: AgentData,
  context: NodeContext,
  tally: AgentTally,
  inputs: Record<string, Json>,
): Promise<readonly Json[]> => {
  const { pool } = context;
  const resolve = (name: (typeof PARAMETERS)[number]): Json =>
    resolveParameter(pool, data.agent_parameters[name]);
  const instruction = textOfValue(resolve("instruction"));
  const query = textOfValue(resolve("query"));
  Object.assign(inputs, { instruction, query });
  // It is for quotations only, in Dify as well; but it must be there.
  resolve("context");
  const maxIterations = iterationsOf(resolve("maximum_iterations"));
  const tools = await openAgentTools(allowedTools(listed, resolve("allowed_tools")), context);
  inputs["maximum_iterations"] = maxIterations;
  inputs["tools"] = tools.map(({ reference }) => `${reference.providerId}/${reference.toolName}`);
  const run = openAgentRun(
    context,
    {
      instruction,
      query,
      history: rememberedTurns(data.memory, context.turns),
      maxIterations,
      tools,
      model: {
        provider: model.provider,
        name: model.model,
        parameters: resolveParameters(pool, model.completion_params),
      },
    },
    tally,
  );
  await strategy(run);
  return run.logged();
};

const execute = async (data: AgentData, context: NodeContext): Promise<NodeOutcome> => {
  const inputs: Record<string, Json> = {};
  const tally: AgentTally = { text: "", usage: NO_USAGE, toolUsage: NO_USAGE, files: [] };
  const strategy = strategyOf(data);
  const model = agentModel(data);
  const listed = listedTools(data);
  if (strategy === undefined || model === undefined || listed === null)
    return nodeFailure("AgentNodeError", flowMessage("flow.agent.no-model"), { inputs });
  const startedAt = context.clock.now();
  try {
    const json = await work({ strategy, model, listed }, data, context, tally, inputs);
    const { text, usage, toolUsage, files } = tally;
    const outputs = { text, usage: usageOutput(usage, context.clock.now() - startedAt), files, json };
    return { ok: true, inputs, outputs, types: { files: "array[file]" }, usage: addUsage(usage, toolUsage) };
  } catch (error) {
    const usage = addUsage(tally.usage, tally.toolUsage);
    if (error instanceof PortFailed) return portFailure(error.failure, { inputs, usage });
    if (!(error instanceof NodeError)) throw error;
    return nodeFailure(error.errorType ?? NODE_ERROR, error.what, { inputs, usage });
  }
};

/** Runs agents with Dify's own strategies; others, and agents of version 2, fail by name when they are reached. */
export const agentKind = defineNodeKind({
  type: "agent",
  errorType: "AgentNodeError",
  schema: AgentData,
  declare,
  execute,
});
