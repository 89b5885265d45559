import type { Breakers } from "../base/breaker/create-breaker.ts";
import type { Config, ModelConfig } from "../config/config.ts";
import type { Flow } from "../flow/flow.ts";
import { concurrencyOf } from "../llm/model-slots.ts";
import type { ConfiguredModel, ModelRouting } from "../llm/model-options.ts";
import { resolveModel } from "../llm/resolve-model.ts";

/** The name of a model's breaker. */
export const modelBreaker = (model: string): string => `model ${model}`;

/** How many calls at once every model takes that the flow asks; without a limit for a flow on Dify (null). */
export const callsAtOnce = (flow: Flow | null, config: Pick<Config, "models" | "modelRouting">): number => {
  const routing = toRouting(config);
  const named = [...(flow?.nodes.values() ?? [])].flatMap(({ declaration }) => declaration.models);
  const resolved = named.map((model) => resolveModel(model, routing));
  return Math.min(Infinity, ...resolved.flatMap((one) => (one.ok ? [concurrencyOf(one.model)] : [])));
};

/**
 * Tells for how long a model that the flow needs would not be asked, in milliseconds, and its fallback
 * neither; null when every model may be asked.
 */
export const createModelWaits =
  (flow: Flow, routing: ModelRouting, breakers: Breakers): (() => number | null) =>
  () => {
    const named = [...flow.nodes.values()].flatMap(({ declaration }) => declaration.models);
    const waits = named.flatMap((model) => {
      const resolved = resolveModel(model, routing);
      if (!resolved.ok) return [];
      const names = new Set([resolved.model.name, routing.fallback ?? resolved.model.name]);
      const each = [...names].map((name) => breakers.of(modelBreaker(name)).waitMs());
      return each.every((wait) => wait !== null) ? [Math.min(...each)] : [];
    });
    return waits.length === 0 ? null : Math.max(...waits);
  };

/** The configured models and their routing, as the model client takes them. */
export const toRouting = (config: Pick<Config, "models" | "modelRouting">): ModelRouting => ({
  models: config.models.map(toModel),
  ...config.modelRouting,
});

/** A configured model, as the model client takes it. */
export const toModel = (model: ModelConfig): ConfiguredModel => ({
  name: model.name,
  provider: model.provider,
  model: model.model,
  ...(model.baseUrl === null ? {} : { baseUrl: model.baseUrl }),
  apiKey: model.apiKey,
  headers: model.headers,
  price:
    model.price === null
      ? null
      : {
          inputPerMillion: model.price.input,
          outputPerMillion: model.price.output,
          currency: model.price.currency,
        },
  timeouts: model.timeouts,
  ...(model.concurrency === null ? {} : { concurrency: model.concurrency }),
  parameters: model.parameters,
  ...(Object.keys(model.extraBody).length === 0 ? {} : { extraBody: model.extraBody }),
  stream: model.stream,
  structuredOutput: model.structuredOutput,
});
