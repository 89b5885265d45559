import { z } from "zod";
import { JsonObject, parseJson, type Json } from "../base/json.ts";

/** How the answer is to be formed: free text, any JSON, or JSON after a schema. */
export type AnswerFormat =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | { readonly kind: "schema"; readonly name: string; readonly schema: JsonObject };

const REASONING = ["none", "minimal", "low", "medium", "high", "xhigh"] as const;

/** The settings of a call under the AI SDK's names; what is undefined is left to the provider. */
export type CallSettings = {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly maxOutputTokens?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly stopSequences?: string[];
  readonly reasoning?: (typeof REASONING)[number];
};

/** A file's parameters, read. */
export type ReadParameters = {
  readonly settings: CallSettings;
  readonly format: AnswerFormat;
  /** Names of parameters that we have no use for, or whose value is of the wrong type. */
  readonly dropped: readonly string[];
};

const Amount = z.union([
  z.number(),
  z
    .string()
    .trim()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);
const Count = Amount.pipe(z.int());
const Words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat().filter((word) => word !== ""));

const READERS: ReadonlyMap<string, (value: Json) => CallSettings | null> = (() => {
  const reader =
    <T>(type: z.ZodType<T>, put: (value: T) => CallSettings) =>
    (value: Json): CallSettings | null => {
      const parsed = type.safeParse(value);
      return parsed.success ? put(parsed.data) : null;
    };
  const maxTokens = reader(Count.pipe(z.int().min(1)), (maxOutputTokens) => ({ maxOutputTokens }));
  const readers = {
    temperature: reader(Amount, (temperature) => ({ temperature })),
    top_p: reader(Amount, (topP) => ({ topP })),
    top_k: reader(Count, (topK) => ({ topK })),
    max_tokens: maxTokens,
    max_output_tokens: maxTokens,
    max_completion_tokens: maxTokens,
    max_tokens_to_sample: maxTokens,
    num_predict: maxTokens,
    presence_penalty: reader(Amount, (presencePenalty) => ({ presencePenalty })),
    frequency_penalty: reader(Amount, (frequencyPenalty) => ({ frequencyPenalty })),
    seed: reader(Count, (seed) => ({ seed })),
    stop: reader(Words, (stopSequences) => (stopSequences.length === 0 ? {} : { stopSequences })),
    reasoning_effort: reader(z.enum(REASONING), (reasoning) => ({ reasoning })),
  };
  return new Map(Object.entries(readers));
})();

const NamedSchema = z.looseObject({
  name: z.string().optional(),
  schema: JsonObject,
});

const readSchema = (value: Json | undefined): AnswerFormat => {
  const parsed = JsonObject.safeParse(typeof value === "string" ? parseJson(value) : value);
  if (!parsed.success) return { kind: "json" };
  const named = NamedSchema.safeParse(parsed.data);
  if (!named.success) return { kind: "schema", name: "response", schema: parsed.data };
  const name = (named.data.name ?? "response").replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "response";
  return { kind: "schema", name, schema: named.data.schema };
};

const readFormat = (parameters: JsonObject): AnswerFormat => {
  switch (parameters["response_format"]) {
    case "json_schema":
      return readSchema(parameters["json_schema"]);
    case "json_object":
    case "JSON":
    case "json":
      return { kind: "json" };
    default:
      return { kind: "text" };
  }
};

const FORMAT_NAMES = new Set(["response_format", "json_schema"]);

/**
 * Reads a file's `completion_params` (the parameter names of Dify's model plugins) as settings of a
 * call. Numbers may be written as texts. Unknown names and values of the wrong type are dropped, never
 * an error: Dify's plugins have many parameters that only one provider knows. `overrides` go before
 * the file's; an override of null takes a parameter away.
 */
export const readParameters = (parameters: JsonObject, overrides: JsonObject = {}): ReadParameters => {
  const all = Object.entries({ ...parameters, ...overrides }).filter(([, value]) => value !== null);
  const read = all
    .filter(([name]) => !FORMAT_NAMES.has(name))
    .map(([name, value]) => ({ name, settings: READERS.get(name)?.(value) ?? null }));
  return {
    settings: read.reduce<CallSettings>((sum, { settings }) => ({ ...sum, ...settings }), {}),
    format: readFormat(Object.fromEntries(all)),
    dropped: read.filter(({ settings }) => settings === null).map(({ name }) => name),
  };
};

/**
 * Whether a schema meets the conditions of OpenAI's strict mode (every object forbids additional
 * properties and requires all of its own); others are sent with `strict: false`.
 */
export const isStrictSchema = (schema: Json): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  const node = JsonObject.safeParse(schema);
  if (!node.success) return true;
  const properties = JsonObject.safeParse(node.data["properties"]);
  if (node.data["type"] === "object" || properties.success) {
    const required = z.array(z.string()).safeParse(node.data["required"]);
    const keys = properties.success ? Object.keys(properties.data) : [];
    if (node.data["additionalProperties"] !== false) return false;
    if (!keys.every((key) => required.data?.includes(key) === true)) return false;
    if (properties.success && !Object.values(properties.data).every(isStrictSchema)) return false;
  }
  const inner = Object.entries(node.data).filter(([key]) => !["properties", "enum", "const"].includes(key));
  return inner.every(([, value]) => isStrictSchema(value));
};
