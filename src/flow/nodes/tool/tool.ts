import { z } from "zod";
import { Json } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark, VariableUse } from "../../node.ts";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";
import type { Pool } from "../../pool.ts";
import { readPool, resolveText } from "../../pool.ts";
import { textOfVariable } from "../../value-text.ts";
import type { ValueType } from "../../value-type.ts";
import { isJsonObject } from "../../value-type.ts";
import { readsOfText, SelectorPath } from "../selector-path.ts";
import { strftime } from "./strftime.ts";
import { englishOf, flowMessage } from "../../messages/message.ts";

const Inputs = z
  .record(z.string(), Json)
  .nullish()
  .transform((inputs) => inputs ?? {});

/** Data of a tool node (Dify's node documentation, "Tools"). */
const ToolData = z.object({
  provider_id: z.string(),
  provider_type: z.string(),
  provider_name: z.string().nullish(),
  tool_name: z.string(),
  tool_configurations: Inputs,
  tool_parameters: Inputs,
});
type ToolData = z.infer<typeof ToolData>;

const TYPES: Readonly<Record<string, ValueType>> = { files: "array[file]", json: "array[object]" };
const DEFAULT_FORMAT = "%Y-%m-%d %H:%M:%S %Z";

/** What to use instead, by the words that a provider's name holds. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/gitlab|github|webhook|slack|discord|jira|api/i, "api"],
  [/search|scrap|wiki|crawl|arxiv/i, "service"],
  [/json|regex|code|math|calc|text/i, "code"],
];

const isRun = ({ provider_id, provider_type, tool_name }: ToolData): boolean =>
  provider_type === "builtin" &&
  /^(?:langgenius\/time\/)?time$/.test(provider_id) &&
  tool_name === "current_time";

const failure = (data: ToolData): NodeRemark => {
  const provider = data.provider_name ?? data.provider_id;
  const kind = INSTEAD.find(([words]) => words.test(`${provider} ${data.tool_name}`))?.[1] ?? "any";
  const code = data.provider_type === "workflow" ? "flow.tool.workflow" : "flow.tool.plugin";
  const instead = flowMessage("flow.tool.instead", { kind });
  return { field: "tool_name", message: flowMessage(code, { tool: data.tool_name, provider, instead }) };
};

/** A setting's raw value: newer files wrap it with how it is to be read. */
const inputOf = (data: ToolData, name: string): { readonly type: string; readonly value: Json } => {
  const raw = data.tool_parameters[name] ?? data.tool_configurations[name] ?? null;
  if (!isJsonObject(raw)) return { type: "constant", value: raw };
  return { type: typeof raw["type"] === "string" ? raw["type"] : "constant", value: raw["value"] ?? null };
};

const NAMES = ["format", "timezone"] as const;

const readsOf = (data: ToolData, name: string): readonly VariableUse[] => {
  const { type, value } = inputOf(data, name);
  const selector = SelectorPath.safeParse(value);
  if (type === "variable" && selector.success) {
    return [{ selector: selector.data, field: `tool_parameters.${name}`, needed: false }];
  }
  return typeof value === "string" ? readsOfText(`tool_configurations.${name}`, value) : [];
};

const textInput = (data: ToolData, pool: Pool, name: string): string => {
  const { type, value } = inputOf(data, name);
  const selector = SelectorPath.safeParse(value);
  if (type === "variable" && selector.success) {
    const variable = readPool(pool, selector.data);
    return variable === undefined ? "" : textOfVariable(variable);
  }
  return typeof value === "string" ? resolveText(pool, value) : "";
};

const declare = (data: ToolData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  reads: isRun(data) ? NAMES.flatMap((name) => readsOf(data, name)) : [],
  outputs: isRun(data) ? { text: "string", files: "array[file]", json: "array[object]" } : null,
  failures: isRun(data) ? [] : [failure(data)],
});

const currentTime = (nowMs: number, zone: string, format: string): string => {
  try {
    return strftime(nowMs, zone === "" ? "UTC" : zone, format === "" ? DEFAULT_FORMAT : format);
  } catch (error) {
    if (error instanceof RangeError) return englishOf(flowMessage("flow.tool.timezone", { zone }));
    throw error;
  }
};

const execute = async (data: ToolData, { pool, clock }: NodeContext): Promise<NodeOutcome> => {
  const format = textInput(data, pool, "format");
  const timezone = textInput(data, pool, "timezone");
  const text = currentTime(clock.now(), timezone, format);
  return {
    ok: true,
    inputs: { format, timezone },
    outputs: { text, files: [], json: [{ data: [] }] },
    types: TYPES,
  };
};

/** Runs Dify's built-in tool `current_time`; every other tool fails by name when it is reached. */
export const toolKind = defineNodeKind({
  type: "tool",
  retries: true,
  errorType: "ToolNodeError",
  schema: ToolData,
  declare,
  execute,
});
