import { problemAt } from "../base/errors.ts";
import { message } from "../messages/message.ts";
import type { Config, ModelConfig } from "./config.ts";
import type { LocalConfigFile } from "./file-schema.ts";
import type { ModelSection } from "./model-schema.ts";
import type { Near } from "./to-flow.ts";

/** The models and which of them stands for which name; a single one stands for all. */
export const toModels = (file: LocalConfigFile): Pick<Config, "models" | "modelRouting" | "notices"> => {
  const models = Object.entries(file.models).map(([name, model]) => toModel(name, model));
  const only = models.length === 1 ? (models[0]?.name ?? null) : null;
  return {
    models,
    modelRouting: { ...file.model_routing, default: file.model_routing.default ?? only },
    notices: Object.entries(file.models).flatMap(([name, model]) => {
      const { isAssumed, provider } = inferProvider(model);
      return isAssumed
        ? [problemAt(`models.${name}`, message("config.provider-assumed", { model: model.model, provider }))]
        : [];
    }),
  };
};

/** Whose models have names that begin so. */
const NAMES: readonly (readonly [name: RegExp, provider: ModelConfig["provider"]])[] = [
  [/^(?:gpt|chatgpt|o\d)/i, "openai"],
  [/^gemini/i, "google"],
  [/^claude/i, "anthropic"],
];

/**
 * Whose API a model is asked through. A given provider wins; an address, or neither address nor key, is a
 * server of the operator's own; with a key alone the model's name decides, and OpenAI is assumed for names
 * that belong to nobody.
 */
const inferProvider = ({
  provider,
  model,
  base_url,
  api_key,
}: ModelSection): { readonly provider: ModelConfig["provider"]; readonly isAssumed: boolean } => {
  if (provider !== undefined) return { provider, isAssumed: false };
  if (base_url !== undefined || api_key === null) return { provider: "openai-compatible", isAssumed: false };
  const named = NAMES.find(([name]) => name.test(model))?.[1];
  return { provider: named ?? "openai", isAssumed: named === undefined };
};

/** The datasets with the folders that stand for them. */
export const toKnowledge = ({ knowledge }: LocalConfigFile, near: Near): Config["knowledge"] => ({
  datasets: knowledge.datasets.map(({ id, name, folder }) => ({
    id,
    ...(name === undefined ? {} : { name }),
    folder: near(folder),
  })),
  embeddingModel: knowledge.embedding_model,
});

const toModel = (name: string, model: ModelSection): ModelConfig => {
  const { first_token: firstTokenMs, idle: idleMs, total: totalMs } = model.timeouts;
  return {
    name,
    provider: inferProvider(model).provider,
    model: model.model,
    baseUrl: model.base_url ?? null,
    apiKey: model.api_key,
    headers: model.headers,
    price: model.price,
    timeouts: {
      ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(totalMs === undefined ? {} : { totalMs }),
    },
    parameters: model.parameters,
    extraBody: model.extra_body,
    stream: model.stream,
    concurrency: model.concurrency ?? null,
    contextWindow: model.context_window ?? null,
    structuredOutput: model.structured_output,
  };
};
