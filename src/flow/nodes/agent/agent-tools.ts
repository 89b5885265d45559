import { z } from "zod";
import type { Clock } from "../../../base/clock.ts";
import { JsonObject, type Json } from "../../../base/json.ts";
import type { NodeContext } from "../../node.ts";
import type { NodeFailure, NodeResult, ToolAnswer, ToolDescription, ToolReference } from "../../ports.ts";
import { isJsonArray, isJsonObject } from "../../value-type.ts";
import { timedOutAfter } from "./prompt.ts";
import { fixedParameters, type ListedTool, toolSettings } from "./schema.ts";

/** What ends an agent: its model, or a tool that is not set up, has failed. */
export class PortFailed extends Error {
  override readonly name = "PortFailed";
  readonly failure: NodeFailure;

  constructor(failure: NodeFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A tool that the agent may call. */
export type AgentTool = {
  readonly reference: ToolReference;
  /** What the model is offered, under a name that every provider takes, without the parameters that are fixed. */
  readonly offered: ToolDescription;
  /** What the file fixes; a model that names one of them changes nothing. */
  readonly fixed: JsonObject;
  readonly settings: JsonObject;
};

/** How long a call of a tool may take, in milliseconds. */
const MAX_CALL_MS = 300_000;

const MAX_NAME = 64;

/** A name of letters, digits, `_` and `-` that no other tool of the agent has. */
const wireName = (toolName: string, taken: ReadonlySet<string>): string => {
  const plain = toolName.replaceAll(/[^a-zA-Z0-9_-]/g, "_").replace(/^(?![a-zA-Z_])/, "_");
  for (let count = 1; ; count += 1) {
    const ending = count === 1 ? "" : `_${count}`;
    const name = `${plain.slice(0, MAX_NAME - ending.length)}${ending}`;
    if (!taken.has(name)) return name;
  }
};

const TYPES: Readonly<Record<string, string>> = {
  number: "number",
  boolean: "boolean",
  object: "object",
  array: "array",
};

/** The parameters for the model as the export states them, for a server that cannot be asked now. */
const statedSchema = ({ schemas }: ListedTool): JsonObject => {
  const forModel = (schemas ?? []).filter(({ form, type }) => form === "llm" && !type.startsWith("file"));
  return {
    type: "object",
    properties: Object.fromEntries(
      forModel.map(({ name, type, llm_description, options }) => [
        name,
        {
          type: TYPES[type] ?? "string",
          description: llm_description ?? "",
          ...(type === "select" && options ? { enum: options.map(({ value }) => value) } : {}),
        },
      ]),
    ),
    required: forModel.flatMap(({ name, required }) => (required === true ? [name] : [])),
  };
};

/** A schema without the parameters that are fixed, as an object's. */
const withoutFixed = (schema: JsonObject, fixed: JsonObject): JsonObject => {
  const { properties, required } = schema;
  const left = (name: string): boolean => !Object.hasOwn(fixed, name);
  return {
    ...schema,
    type: "object",
    properties: isJsonObject(properties)
      ? Object.fromEntries(Object.entries<Json>(properties).filter(([name]) => left(name)))
      : {},
    required: isJsonArray(required) ? required.filter((name) => typeof name === "string" && left(name)) : [],
  };
};

const Description = z.object({ name: z.string(), description: z.string(), parameters: JsonObject });

const describe = async (
  tool: ListedTool,
  reference: ToolReference,
  settings: JsonObject,
  { ports, signal, journal }: NodeContext,
  place: number,
): Promise<ToolDescription> => {
  const key = `tool/${place}`;
  const known = Description.safeParse(await journal.read(key));
  if (known.success) return known.data;
  const described = await ports.tools.describe({ ...reference, settings, signal });
  if (described.ok) {
    await journal.write(key, { ...described.value });
    return described.value;
  }
  // Dify keeps the descriptions of its servers' tools: one that is away now may be back when it is called.
  if (!described.retryable || !tool.schemas) throw new PortFailed(described);
  return { name: tool.tool_name, description: tool.tool_description ?? "", parameters: statedSchema(tool) };
};

/** The tools of the list, described by those who run them. Throws PortFailed for one that cannot be called at all, a NodeError for values that are not there. */
export const openAgentTools = async (
  listed: readonly ListedTool[],
  context: NodeContext,
): Promise<readonly AgentTool[]> => {
  const taken = new Set<string>();
  const tools: AgentTool[] = [];
  for (const [place, tool] of listed.entries()) {
    const reference = referenceOf(tool);
    const settings = toolSettings(context.pool, tool);
    const fixed = fixedParameters(context.pool, tool);
    const { description, parameters } = await describe(tool, reference, settings, context, place);
    const name = wireName(tool.tool_name, taken);
    taken.add(name);
    const own = tool.extra?.description ?? "";
    tools.push({
      reference,
      offered: {
        name,
        description: own === "" ? description : own,
        parameters: withoutFixed(parameters, fixed),
      },
      fixed,
      settings,
    });
  }
  return tools;
};

/** A tool of the list as ports name it. */
export const referenceOf = ({ type, provider_name, tool_name }: ListedTool): ToolReference => ({
  providerType: type ?? "builtin",
  providerId: provider_name ?? "",
  toolName: tool_name,
});

/** What the model gave, without what is not its to give. */
export const parametersOf = ({ fixed, settings }: AgentTool, given: JsonObject): JsonObject => ({
  ...Object.fromEntries(
    Object.entries<Json>(given).filter(([name, value]) => value !== null && !Object.hasOwn(settings, name)),
  ),
  ...fixed,
});

const timedOut: NodeResult<never> = {
  ok: false,
  errorType: "ToolRuntimeInvocationError",
  message: timedOutAfter(MAX_CALL_MS),
  retryable: true,
};

/** Lets a call of a tool take no longer than it may. */
export const withinTime = async (
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  call: (signal: AbortSignal) => Promise<NodeResult<ToolAnswer>>,
): Promise<NodeResult<ToolAnswer>> => {
  const over = new AbortController();
  const done = new AbortController();
  const watch = async (): Promise<NodeResult<ToolAnswer>> => {
    try {
      await clock.sleep(MAX_CALL_MS, AbortSignal.any([done.signal, signal]));
    } catch {
      // The call has ended, or the run has.
      return await new Promise<never>(() => undefined);
    }
    over.abort(new Error(timedOut.message));
    return timedOut;
  };
  const called = call(AbortSignal.any([signal, over.signal])).catch((error: unknown) => {
    if (over.signal.aborted && !signal.aborted) return timedOut;
    throw error;
  });
  try {
    return await Promise.race([called, watch()]);
  } finally {
    done.abort();
  }
};
