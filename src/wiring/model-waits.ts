import type { Breakers } from "../base/breaker/create-breaker.ts";
import type { Flow } from "../flow/flow.ts";
import type { ModelRouting } from "../llm/model-options.ts";
import { resolveModel } from "../llm/resolve-model.ts";

/** The name of a model's breaker. */
export const modelBreaker = (model: string): string => `model ${model}`;

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
