import type { Config, ModelConfig } from "./config.ts";
import type { LocalConfigFile } from "./file-schema.ts";
import type { ModelSection } from "./model-schema.ts";
import type { Near } from "./to-flow.ts";

/** The models and which of them stands for which name; a single one stands for all. */
export const toModels = (file: LocalConfigFile): Pick<Config, "models" | "modelRouting"> => {
  const models = Object.entries(file.models).map(([name, model]) => toModel(name, model));
  const only = models.length === 1 ? (models[0]?.name ?? null) : null;
  return { models, modelRouting: { ...file.model_routing, default: file.model_routing.default ?? only } };
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
    provider: model.provider,
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
    structuredOutput: model.structured_output,
  };
};
