import { z } from "zod";
import { problemCode } from "../base/data-problems.ts";
import { JsonObject } from "../base/json.ts";
import { addressWithQuery, optionalCount, optionalDuration, secretText } from "./schema-values.ts";

/** One model: where it lives, how it is let in, what it costs. */
export const ModelSection = z.strictObject({
  /** Inferred from the address or the model's name where it is left out. */
  provider: z.enum(["openai-compatible", "openai", "google", "anthropic"]).optional(),
  model: z.string().min(1),
  base_url: addressWithQuery.optional(),
  api_key: secretText.nullable().default(null),
  headers: z.record(z.string().min(1), secretText).default({}),
  /** Per million tokens. */
  price: z
    .strictObject({
      input: z.number().min(0),
      output: z.number().min(0),
      currency: z.string().min(1).default("USD"),
    })
    .nullable()
    .default(null),
  timeouts: z
    .strictObject({ first_token: optionalDuration, idle: optionalDuration, total: optionalDuration })
    .prefault({}),
  parameters: JsonObject.default({}),
  extra_body: JsonObject.default({}),
  stream: z.boolean().default(true),
  concurrency: optionalCount(1, 1_000),
  context_window: optionalCount(1_024, 100_000_000),
  structured_output: z.enum(["json-schema", "json-object", "prompt"]).default("json-schema"),
});
export type ModelSection = z.infer<typeof ModelSection>;

const modelName = z.string().regex(/^[\w.-]{1,64}$/, problemCode("config.not-a-name"));

/** The models by the operator's names for them. */
export const ModelsSection = z.record(modelName, ModelSection).default({});

/** Which model stands for which name in a workflow file. */
export const ModelRoutingSection = z
  .strictObject({
    default: z.string().nullable().optional(),
    fallback: z.string().nullable().default(null),
    routes: z.array(z.strictObject({ match: z.string().min(1), model: z.string().min(1) })).default([]),
  })
  .prefault({});

/** Folders of Markdown and text that stand for datasets. */
export const KnowledgeSection = z
  .strictObject({
    datasets: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          name: z.string().min(1).optional(),
          folder: z.string().min(1),
        }),
      )
      .default([]),
    /** The name of a model that makes vectors; full text alone without one. */
    embedding_model: z.string().nullable().default(null),
  })
  .prefault({});
