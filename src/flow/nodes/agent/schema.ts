import { z } from "zod";
import { Json, JsonObject } from "../../../base/json.ts";
import { SelectorPath } from "../selector-path.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

/** A parameter of a strategy: a constant, a text with references, or a selector. */
export const AgentParameter = z.object({ type: z.string(), value: Json.optional() });
export type AgentParameter = z.infer<typeof AgentParameter>;

/** The model as agent strategies name it. */
export const AgentModel = z.object({
  provider: z.string().min(1),
  model: z.string().min(1),
  completion_params: JsonObject.nullish().transform((params) => params ?? {}),
});
export type AgentModel = z.infer<typeof AgentModel>;

/** A tool in an agent's list; one without `enabled` is on. */
const AgentTool = z.object({
  enabled: z.boolean().nullish(),
  tool_name: z.string().nullish(),
  provider_name: z.string().nullish(),
});

/** Data of an agent node (Dify's node documentation, "Agent"). */
export const AgentData = z.object({
  agent_strategy_name: z.string().nullish(),
  agent_strategy_label: z.string().nullish(),
  agent_parameters: z
    .record(z.string(), AgentParameter)
    .nullish()
    .transform((parameters) => parameters ?? {}),
  memory: z.unknown().optional(),
  /** `dify_agent`: the second kind of agent, whose contents lie in Dify's database. */
  agent_node_kind: z.string().nullish(),
});
export type AgentData = z.infer<typeof AgentData>;

/** The model of an agent, undefined when none is chosen. */
export const agentModel = (data: AgentData): AgentModel | undefined => {
  const parsed = AgentModel.safeParse(data.agent_parameters["model"]?.value);
  return parsed.success ? parsed.data : undefined;
};

/** The names of the tools that are switched on. */
export const enabledTools = (data: AgentData): readonly (string | FlowMessage)[] => {
  const parsed = z.array(AgentTool).safeParse(data.agent_parameters["tools"]?.value ?? []);
  if (!parsed.success) return [flowMessage("flow.agent.tools-unreadable")];
  return parsed.data
    .filter(({ enabled }) => enabled !== false)
    .map(
      ({ tool_name, provider_name }) => tool_name ?? provider_name ?? flowMessage("flow.agent.tool-unnamed"),
    );
};

/** A parameter's selector, null where it is a text. */
export const selectorOf = (parameter: AgentParameter | undefined): readonly string[] | null => {
  const parsed = SelectorPath.safeParse(parameter?.value);
  return parameter?.type === "variable" && parsed.success ? parsed.data : null;
};
