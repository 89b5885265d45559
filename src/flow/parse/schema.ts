import { z } from "zod";
import { Json } from "../../base/json.ts";
import { ExactValue, longIntegersAsTexts, withExactValue } from "../exact.ts";

const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .transform((value) => value ?? "");

const identifier = z.union([z.string().min(1), z.number().transform(String)]);

/** A node as the file has it; what is inside `data` is the kind's affair. */
export const NodeEntry = z.preprocess(
  longIntegersAsTexts,
  z.object({
    id: identifier,
    type: text,
    parentId: z.union([z.string(), z.number().transform(String)]).nullish(),
    position: z.object({ x: z.number(), y: z.number() }).nullish().catch(null),
    width: z.number().nullish().catch(null),
    height: z.number().nullish().catch(null),
    data: z.record(z.string(), z.unknown()),
  }),
);
export type NodeEntry = z.infer<typeof NodeEntry>;

/** An edge as the file has it. */
export const EdgeEntry = z.preprocess(
  longIntegersAsTexts,
  z.object({
    id: text,
    source: identifier,
    sourceHandle: z
      .union([z.string(), z.number().transform(String), z.boolean().transform(String)])
      .nullish()
      .transform((value) => value ?? "source"),
    target: identifier,
  }),
);
export type EdgeEntry = z.infer<typeof EdgeEntry>;

/** An `env.` or `conversation.` variable as the file has it. */
export const VariableEntry = z.preprocess(
  withExactValue,
  z
    .object({ name: z.string().min(1), value_type: text, value: Json.nullish(), exact: ExactValue })
    .transform(({ value, exact, ...entry }) => ({ ...entry, value: exact ?? value ?? null })),
);
export type VariableEntry = z.infer<typeof VariableEntry>;

/** The types that Dify has for such outputs. */
const DefaultType = z.enum([
  "string",
  "number",
  "object",
  "array[number]",
  "array[string]",
  "array[object]",
  "array[file]",
]);

/** An output that stands in under `default-value`, as the file has it. */
const DefaultEntry = z.preprocess(
  withExactValue,
  z
    .object({ key: z.string(), type: DefaultType, value: Json.nullish(), exact: ExactValue })
    .transform(({ value, exact, ...entry }) => ({ ...entry, value: exact ?? value ?? null })),
);

/** The parts of a node's data that every kind has. */
export const CommonData = z.object({
  type: z.string(),
  title: text,
  desc: text,
  error_strategy: z.enum(["fail-branch", "default-value", "none", ""]).nullish(),
  default_value: z
    .array(DefaultEntry)
    .nullish()
    .transform((value) => value ?? []),
  retry_config: z
    .object({
      retry_enabled: z.boolean().nullish(),
      max_retries: z.coerce.number().nullish(),
      retry_interval: z.coerce.number().nullish(),
    })
    .nullish(),
});
export type CommonData = z.infer<typeof CommonData>;

const list = z
  .array(z.unknown())
  .nullish()
  .transform((value) => value ?? []);

/** A whole export. Nodes and edges are read one by one, so that every mistake is found at once. */
export const FlowDocument = z.object({
  version: z.union([z.string(), z.number().transform(String)]).nullish(),
  kind: z.string().nullish(),
  app: z.object({ name: text, description: text, mode: z.string() }),
  workflow: z
    .object({
      graph: z.object({ nodes: z.array(z.unknown()), edges: list }),
      environment_variables: list,
      conversation_variables: list,
    })
    .nullish(),
});
export type FlowDocument = z.infer<typeof FlowDocument>;
