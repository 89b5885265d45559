import { z } from "zod";
import { Json, type JsonObject } from "../../../base/json.ts";
import { flowMessage } from "../../messages/message.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, VariableUse } from "../../node.ts";
import { defineNodeKind, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import type { Pool } from "../../pool.ts";
import { resolveText } from "../../pool.ts";
import type { ToolReference } from "../../ports.ts";
import { pythonStr } from "../../value-text.ts";
import { isJsonObject } from "../../value-type.ts";
import { readNeeded, readsOfText, SelectorPath } from "../selector-path.ts";

const Inputs = z
  .record(z.string(), Json)
  .nullish()
  .transform((inputs) => inputs ?? {});

/** Data of a tool node (Dify's node documentation, "Tools"). */
const ToolData = z.object({
  provider_id: z.string(),
  provider_type: z.string(),
  tool_name: z.string(),
  /** A file that has neither of the two, or a `version` of 1, has plain values as configurations. */
  tool_node_version: z.union([z.string(), z.number()]).nullish(),
  version: z.union([z.string(), z.number()]).nullish(),
  tool_configurations: Inputs,
  tool_parameters: Inputs,
});
type ToolData = z.infer<typeof ToolData>;

/** A value as files of today hold it, with how it is to be read. */
type Input = { readonly name: string; readonly field: string; readonly type: string; readonly value: Json };

/** The values of one of the two maps that are more than null; Dify passes over what is not in today's form. */
const inputsOf = (data: ToolData, map: "tool_configurations" | "tool_parameters"): readonly Input[] =>
  Object.entries<Json>(data[map]).flatMap(([name, raw]) => {
    if (!isJsonObject(raw)) return [];
    const { type = null, value = null } = raw;
    const input = { name, field: `${map}.${name}`, type: typeof type === "string" ? type : "", value };
    return value === null ? [] : [input];
  });

/** Dify's own rule for what an old file is. */
const isOld = ({ tool_node_version: toolVersion, version }: ToolData): boolean =>
  (toolVersion ?? null) === null && String(version ?? "1") === "1";

const readsOf = ({ type, value, field }: Input): readonly VariableUse[] => {
  if (type !== "variable") return typeof value === "string" ? readsOfText(field, value) : [];
  const selector = SelectorPath.safeParse(value);
  return selector.success ? [{ selector: selector.data, field, needed: true }] : [];
};

const resolve = (pool: Pool, { type, value }: Input): Json => {
  if (type === "mixed" || type === "constant") return resolveText(pool, pythonStr(value));
  const selector = SelectorPath.safeParse(value);
  if (type !== "variable" || !selector.success)
    throw new NodeError(flowMessage("flow.tool.input-type", { type }), "ToolParameterError");
  return readNeeded(pool, selector.data, "ToolParameterError").value;
};

const resolveAll = (pool: Pool, inputs: readonly Input[]): JsonObject =>
  Object.fromEntries(inputs.map((input) => [input.name, resolve(pool, input)]));

const withoutNulls = (values: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries<Json>(values).filter(([, value]) => value !== null));

const referenceOf = (data: ToolData): ToolReference => ({
  providerType: data.provider_type,
  providerId: data.provider_id,
  toolName: data.tool_name,
});

const declare = (data: ToolData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  reads: [
    ...inputsOf(data, "tool_parameters"),
    ...(isOld(data) ? [] : inputsOf(data, "tool_configurations")),
  ].flatMap(readsOf),
  outputs: null,
  tools: [referenceOf(data)],
});

const execute = async (data: ToolData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, callDepth, journal } = context;
  const inputs = resolveAll(pool, inputsOf(data, "tool_parameters"));
  const answer = await ports.tools.invoke({
    ...referenceOf(data),
    parameters: inputs,
    settings: isOld(data)
      ? withoutNulls(data.tool_configurations)
      : resolveAll(pool, inputsOf(data, "tool_configurations")),
    signal,
    callDepth,
    journal,
  });
  if (!answer.ok)
    return portFailure(answer, { inputs, ...(answer.usage === undefined ? {} : { usage: answer.usage }) });
  const { text, files, json, variables, usage } = answer.value;
  return {
    ok: true,
    inputs,
    outputs: { text, files, json, ...variables },
    types: Object.hasOwn(variables, "files") ? {} : { files: "array[file]" },
    usage,
  };
};

/** Runs a tool by the host's port (Dify's node documentation, "Tools"). */
export const toolKind = defineNodeKind({
  type: "tool",
  retries: true,
  errorType: "ToolNodeError",
  schema: ToolData,
  declare,
  execute,
});
