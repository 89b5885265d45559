import { z } from "zod";
import type { Json } from "../../../base/json.ts";
import { JsonObject, parseJson } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeRemark, VariableUse } from "../../node.ts";
import type { Pool } from "../../pool.ts";
import { resolveText } from "../../pool.ts";
import type { ModelRequest } from "../../ports.ts";
import { readsOfText } from "../selector-path.ts";
import { flowMessage } from "../../messages/message.ts";

/** The model that a node names, with the parameters that the file sets. */
export const ModelSettings = z.object({
  provider: z.string(),
  name: z.string(),
  mode: z.enum(["chat", "completion"]).catch("chat"),
  completion_params: JsonObject.nullish().transform((params) => params ?? {}),
});
export type ModelSettings = z.infer<typeof ModelSettings>;

/** Conversation memory: how many exchanges of it, what a completion model calls the two sides, the query that it adds. */
export const MemorySettings = z
  .object({
    query_prompt_template: z.string().nullish(),
    window: z
      .object({ enabled: z.boolean().nullish(), size: z.coerce.number().nullish() })
      .nullish()
      .catch(null),
    role_prefix: z
      .object({ user: z.string().nullish(), assistant: z.string().nullish() })
      .nullish()
      .catch(null),
  })
  .nullish();
export type MemorySettings = z.infer<typeof MemorySettings>;

/** Dify shortens longer values that variables bring into parameters. */
const MAX_PARAMETER_LENGTH = 1024;
const HAS_REFERENCE = /\{\{#[^#]+#\}\}/;

/** A text that holds a number or a truth value becomes one: parameters such as temperature need it. */
const coerce = (text: string): Json => {
  const parsed = parseJson(text.trim());
  return typeof parsed === "number" || typeof parsed === "boolean" ? parsed : text;
};

/** The model's parameters with the variables in their texts replaced (Dify's completion params). */
export const resolveParameters = (pool: Pool, params: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) =>
      typeof value === "string" && HAS_REFERENCE.test(value)
        ? [name, coerce(resolveText(pool, value).slice(0, MAX_PARAMETER_LENGTH))]
        : [name, value],
    ),
  );

/** What a request says of the model, with parameters resolved. */
export const modelRequest = (
  pool: Pool,
  model: ModelSettings,
): Pick<ModelRequest, "provider" | "name" | "parameters"> => ({
  provider: model.provider,
  name: model.name,
  parameters: resolveParameters(pool, model.completion_params),
});

/** The variables that the model's parameters refer to. */
export const readsOfParameters = (model: ModelSettings): readonly VariableUse[] =>
  Object.entries(model.completion_params).flatMap(([name, value]) =>
    typeof value === "string" ? readsOfText(`model.completion_params.${name}`, value) : [],
  );

/** The model for a node's declaration; none where none is chosen. */
export const declaredModels = ({ provider, name }: ModelSettings): NodeDeclaration["models"] =>
  provider === "" || name === "" ? [] : [{ provider, name }];

/** Why a node fails that has no model. */
export const modelFailures = (model: ModelSettings): readonly NodeRemark[] =>
  declaredModels(model).length > 0 ? [] : [{ field: "model", message: flowMessage("flow.node.no-model") }];

/** As many exchanges as Dify remembers where the file sets no number. */
const MAX_TURNS = 500;

/** What a node remembers of the conversation: the last exchanges, none without memory. */
export const rememberedTurns = (
  memory: MemorySettings,
  turns: NodeContext["turns"],
): NodeContext["turns"] => {
  if (memory === null || memory === undefined) return [];
  const size = memory.window?.enabled === true ? (memory.window.size ?? MAX_TURNS) : MAX_TURNS;
  return size > 0 ? turns.slice(-size) : [];
};

/** A doubt about memory, which every node that calls a model may have switched on. */
export const modelWarnings = ({ memory }: { readonly memory?: MemorySettings }): readonly NodeRemark[] =>
  memory === null || memory === undefined
    ? []
    : [{ field: "memory", message: flowMessage("flow.node.no-memory") }];
