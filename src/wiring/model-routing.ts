import type { Breakers } from "../base/circuit-breaker.ts";
import { peerKey } from "../base/outside.ts";
import type { Config, ModelConfig } from "../config/config.ts";
import type { Flow } from "../flow/flow.ts";
import { concurrencyOf } from "../llm/model-slots.ts";
import type { ConfiguredModel, ModelProfiles, ModelRouting } from "../llm/model-options.ts";
import { modelKey, resolveModel } from "../llm/resolve-model.ts";
import { createPacking, type Packing } from "../worker/findings/findings-flow.ts";

/** The name of a model's breaker. */
export const modelBreaker = (name: string): string => peerKey({ kind: "model", name });

/** How many calls at once every model takes that the flow asks; without a limit for a flow on Dify (null). */
export const callsAtOnce = (flow: Flow | null, config: Pick<Config, "models" | "modelRouting">): number =>
  Math.min(Infinity, ...modelsOf(flow, toRouting(config)).map(concurrencyOf));

/** The packing for a flow's models: as they are set, as their servers say, and as this process has learnt. */
export const packingOf = (
  flow: Flow | null,
  config: Pick<Config, "models" | "modelRouting">,
  profiles: ModelProfiles,
): Packing => {
  const models = modelsOf(flow, toRouting(config)).map(profiles.of);
  const nodes = [...(flow?.nodes.values() ?? [])];
  return createPacking({
    windowTokens: async () => {
      const windows = await Promise.all(models.map(({ findWindow }) => findWindow()));
      const known = windows.filter((window) => window !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
    tokenRatio: () => {
      const ratios = models.map(({ tokenRatio }) => tokenRatio()).filter((ratio) => ratio !== null);
      return ratios.length < models.length || ratios.length === 0 ? null : Math.max(...ratios);
    },
    promptTokens: Math.max(0, ...nodes.map(({ declaration }) => declaration.promptTokens ?? 0)),
  });
};

/** The models that a flow's file names, each with the configured one that answers, such as `main (gpt-4.1)`. */
export const answeringModels = (
  flow: Flow | null,
  config: Pick<Config, "models" | "modelRouting">,
): readonly { readonly named: string; readonly answering: string | null }[] => {
  const routing = toRouting(config);
  const named = [...(flow?.nodes.values() ?? [])].flatMap(({ declaration }) => declaration.models);
  return [...new Map(named.map((one) => [modelKey(one), one]))].map(([key, one]) => {
    const resolved = resolveModel(one, routing);
    return {
      named: key,
      answering: resolved.ok ? `${resolved.model.name} (${resolved.model.model})` : null,
    };
  });
};

/** The names of the configured models that a flow asks; none for a flow on Dify (null). */
export const modelNamesOf = (
  flow: Flow | null,
  config: Pick<Config, "models" | "modelRouting">,
): readonly string[] => modelsOf(flow, toRouting(config)).map(({ name }) => name);

/** The configured models that a flow asks, as far as they are resolved; none for a flow on Dify (null). */
const modelsOf = (flow: Flow | null, routing: ModelRouting): readonly ConfiguredModel[] =>
  [...(flow?.nodes.values() ?? [])]
    .flatMap(({ declaration }) => declaration.models)
    .flatMap((named) => {
      const resolved = resolveModel(named, routing);
      return resolved.ok ? [resolved.model] : [];
    });

/** Which model of a flow is not asked now, and its fallback neither, and for how long; null when every one is. */
export const createModelPauses =
  (flow: Flow, routing: ModelRouting, breakers: Breakers) =>
  (): { readonly model: string; readonly waitMs: number } | null => {
    const pauses = modelsOf(flow, routing).flatMap(({ name }) => {
      const names = new Set([name, routing.fallback ?? name]);
      const each = [...names].map((one) => breakers.of(modelBreaker(one)).waitMs());
      return each.every((wait) => wait !== null) ? [{ model: name, waitMs: Math.min(...each) }] : [];
    });
    const [longest = null] = pauses.toSorted((left, right) => right.waitMs - left.waitMs);
    return longest;
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
  ...(model.contextWindow === null ? {} : { contextWindow: model.contextWindow }),
  parameters: model.parameters,
  ...(Object.keys(model.extraBody).length === 0 ? {} : { extraBody: model.extraBody }),
  stream: model.stream,
  structuredOutput: model.structuredOutput,
});
