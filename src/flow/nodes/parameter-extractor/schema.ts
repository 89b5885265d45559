import { z } from "zod";
import type { Json, JsonObject } from "../../../base/json.ts";
import { MemorySettings, ModelSettings } from "../llm/model-settings.ts";
import { VisionSettings } from "../llm/vision.ts";
import { SelectorPath } from "../selector-path.ts";
import { problemOf } from "../../parse-data.ts";

/** The types of parameters; `bool` and `select` are old names of `boolean` and `string`. */
const ParameterType = z
  .enum([
    "string",
    "number",
    "boolean",
    "bool",
    "select",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[boolean]",
  ])
  .transform((type) => (type === "bool" ? "boolean" : type === "select" ? "string" : type));
export type ParameterType = z.infer<typeof ParameterType>;

const Parameter = z.object({
  name: z
    .string()
    .refine((name) => name !== "", problemOf("flow.parameters.name-missing"))
    .refine(
      (name) => name !== "__reason" && name !== "__is_success",
      problemOf("flow.parameters.name-reserved"),
    ),
  type: ParameterType,
  options: z.array(z.string()).nullish(),
  description: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  required: z
    .boolean()
    .nullish()
    .transform((required) => required ?? false),
});
export type Parameter = z.infer<typeof Parameter>;

/** Data of a parameter extractor (Dify's node documentation, "Parameter Extractor"). */
export const ParameterExtractorData = z.object({
  model: ModelSettings,
  query: SelectorPath,
  parameters: z.array(Parameter),
  instruction: z.string().nullish(),
  memory: MemorySettings,
  vision: VisionSettings,
});
export type ParameterExtractorData = z.infer<typeof ParameterExtractorData>;

/** The type of a list's elements, null for a scalar. */
export const elementType = (type: ParameterType): string | null => /^array\[(.*)\]$/.exec(type)?.[1] ?? null;

/** The JSON schema of the parameters as Dify tells it to the model. */
export const parametersSchema = (parameters: readonly Parameter[]): JsonObject => ({
  type: "object",
  properties: Object.fromEntries(
    parameters.map(({ name, type, description, options }): readonly [string, Json] => {
      const element = elementType(type);
      return [
        name,
        {
          description,
          ...(element === null ? { type } : { type: "array", items: { type: element } }),
          ...(options === null || options === undefined || options.length === 0 ? {} : { enum: options }),
        },
      ];
    }),
  ),
  required: parameters.filter(({ required }) => required).map(({ name }) => name),
});
