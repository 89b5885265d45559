import { z } from "zod";
import { Json, JsonObject, parseJson } from "../../../base/json.ts";
import type { VariableUse } from "../../node.ts";
import { flowMessage } from "../../messages/message.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, resolveText } from "../../pool.ts";
import { isTruthy, pythonStr } from "../../value-text.ts";
import { isJsonObject } from "../../value-type.ts";
import { MemorySettings } from "../llm/model-settings.ts";
import { readNeeded, readsOfText, SelectorPath } from "../selector-path.ts";

/** A value as files hold it: a constant, a text with references, or a selector. */
export const AgentParameter = z.object({ type: z.string(), value: Json.optional() });
export type AgentParameter = z.infer<typeof AgentParameter>;

/** The model as agent strategies name it. */
const AgentModel = z.object({
  provider: z.string().min(1),
  model: z.string().min(1),
  completion_params: JsonObject.nullish().transform((params) => params ?? {}),
});
export type AgentModel = z.infer<typeof AgentModel>;

const Values = z
  .record(z.string(), Json)
  .nullish()
  .transform((values) => values ?? {});

/** A parameter of a tool as the export describes it. */
const ParameterSchema = z.object({
  name: z.string(),
  type: z.string().catch("string"),
  form: z.string().catch("llm"),
  required: z.boolean().nullish(),
  llm_description: z.string().nullish(),
  options: z.array(z.looseObject({ value: z.string() })).nullish(),
});

/** A tool in an agent's list. */
const ListedTool = z.object({
  enabled: Json.optional(),
  /** `builtin` unless it is said. */
  type: z.string().nullish(),
  /** Its provider's id. */
  provider_name: z.string().nullish(),
  tool_name: z.string().min(1),
  tool_description: z.string().nullish(),
  parameters: Values,
  settings: Values,
  extra: z.object({ description: z.string().nullish() }).nullish().catch(null),
  schemas: z.array(ParameterSchema).nullish().catch(null),
});
export type ListedTool = z.infer<typeof ListedTool>;

/** Data of an agent node (Dify's node documentation, "Agent"). */
export const AgentData = z.object({
  agent_strategy_name: z.string().nullish(),
  agent_strategy_provider_name: z.string().nullish(),
  agent_parameters: z
    .record(z.string(), AgentParameter)
    .nullish()
    .transform((parameters) => parameters ?? {}),
  memory: MemorySettings,
  /** `dify_agent`: the second kind of agent, whose contents lie in Dify's database. */
  agent_node_kind: z.string().nullish(),
});
export type AgentData = z.infer<typeof AgentData>;

/** The model of an agent, undefined when none is chosen. */
export const agentModel = (data: AgentData): AgentModel | undefined => {
  const parsed = AgentModel.safeParse(data.agent_parameters["model"]?.value);
  return parsed.success ? parsed.data : undefined;
};

/** The tools that are switched on; one that does not say so is off. Null for a list that cannot be read. */
export const listedTools = (data: AgentData): readonly ListedTool[] | null => {
  const listed = z.array(JsonObject).safeParse(data.agent_parameters["tools"]?.value ?? []);
  if (!listed.success) return null;
  const parsed = z
    .array(ListedTool)
    .safeParse(listed.data.filter(({ enabled = false }) => isTruthy(enabled)));
  return parsed.success ? parsed.data : null;
};

/** The tools that a file's `allowed_tools` leaves: a list of names, or its JSON, or one name; all where it names none. */
export const allowedTools = (listed: readonly ListedTool[], allowed: Json): readonly ListedTool[] => {
  const text = typeof allowed === "string" ? allowed.trim() : "";
  const parsed = z.array(Json).safeParse(text === "" ? allowed : (parseJson(text) ?? [text]));
  const stated = parsed.success ? parsed.data : text === "" ? [] : [text];
  const names = stated.flatMap((name) =>
    typeof name === "string" && name.trim() !== "" ? [name.trim()] : [],
  );
  return names.length === 0 ? listed : listed.filter(({ tool_name }) => names.includes(tool_name));
};

const selectorOf = ({ type, value }: AgentParameter): readonly string[] | null => {
  const parsed = SelectorPath.safeParse(value);
  return type === "variable" && parsed.success ? parsed.data : null;
};

/** The values that a value of the file refers to; a variable that is not there fails the node. */
export const readsOf = (field: string, parameter: AgentParameter | undefined): readonly VariableUse[] => {
  if (parameter === undefined) return [];
  const selector = selectorOf(parameter);
  if (selector !== null) return [{ selector, field, needed: true }];
  return typeof parameter.value === "string" ? readsOfText(field, parameter.value) : [];
};

/** The value of a parameter, with the references of a text replaced. Throws a NodeError. */
export const resolveParameter = (pool: Pool, parameter: AgentParameter | undefined): Json => {
  if (parameter === undefined) return null;
  const { type, value = null } = parameter;
  const selector = selectorOf(parameter);
  if (selector !== null) return readNeeded(pool, selector).value;
  if (type !== "mixed" && type !== "constant")
    throw new NodeError(flowMessage("flow.agent.input-type", { type }));
  return typeof value === "string" ? resolveText(pool, value) : value;
};

const FixedParameter = z.looseObject({
  auto: z.union([z.number(), z.boolean()]).nullish(),
  value: z.looseObject({ type: z.string().nullish(), value: Json.optional() }).nullish().catch(null),
});

/** Whether the model fills a parameter in: unless the file says that it does not. */
const isAutomatic = (auto: number | boolean | null | undefined): boolean =>
  (auto ?? 1) !== 0 && auto !== false;

/** The selectors that a tool's fixed parameters and settings have, by where they stand. */
export const readsOfTool = ({ parameters, settings }: ListedTool): readonly VariableUse[] => [
  ...Object.entries<Json>(parameters).flatMap(([name, raw]) => {
    const fixed = FixedParameter.safeParse(raw);
    if (!fixed.success || isAutomatic(fixed.data.auto) || fixed.data.value?.type !== "variable") return [];
    return readsOf(`agent_parameters.tools.${name}`, { type: "variable", value: fixed.data.value.value });
  }),
  ...Object.entries<Json>(settings).flatMap(([name, raw]) => {
    const input = AgentParameter.safeParse(isJsonObject(raw) ? raw["value"] : null);
    return input.success ? readsOf(`agent_parameters.tools.${name}`, input.data) : [];
  }),
];

/**
 * The parameters that the file fixes, by name: variables are read, texts stay as they are. What is null or automatic is the
 * model's. Where not all parameters are in today's form, all are values (Dify's rule for old files). Throws a NodeError.
 */
export const fixedParameters = (pool: Pool, { parameters }: ListedTool): JsonObject => {
  const entries = Object.entries<Json>(parameters);
  if (!entries.every(([, raw]) => isJsonObject(raw)))
    return Object.fromEntries(entries.filter(([, raw]) => raw !== null));
  return Object.fromEntries(
    entries.flatMap(([name, raw]): readonly (readonly [string, Json])[] => {
      const parsed = FixedParameter.safeParse(raw);
      if (!parsed.success || isAutomatic(parsed.data.auto)) return [];
      const { type = null, value = "" } = parsed.data.value ?? { value: null };
      const selector = SelectorPath.safeParse(value);
      if (type === "variable" && selector.success) return [[name, readNeeded(pool, selector.data).value]];
      return value === null ? [] : [[name, value]];
    }),
  );
};

const READ = new Set(["mixed", "constant", "variable"]);

/** The settings of a tool: old files have plain values, newer ones say how each is to be read. Throws a NodeError. */
export const toolSettings = (pool: Pool, { settings }: ListedTool): JsonObject =>
  Object.fromEntries(
    Object.entries<Json>(settings).flatMap(([name, raw]): readonly (readonly [string, Json])[] => {
      const plain = isJsonObject(raw) ? (raw["value"] ?? null) : null;
      const input = AgentParameter.safeParse(plain);
      if (!input.success || !READ.has(input.data.type)) return plain === null ? [] : [[name, plain]];
      const { type, value = null } = input.data;
      if (value === null) return [];
      const read = type === "variable" ? { type, value } : { type, value: pythonStr(value) };
      return [[name, resolveParameter(pool, read)]];
    }),
  );
