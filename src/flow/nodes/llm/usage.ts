import type { JsonObject } from "../../../base/json.ts";
import type { FlowUsage } from "../../flow-event.ts";

/** A price as Dify writes it: a decimal text without an exponent. */
const priceText = (price: number | null): string | null =>
  price === null ? null : price.toFixed(10).replace(/\.?0+$/, "");

/**
 * The `usage` output of nodes that call a model, with Dify's keys. Unit prices are 0: the port reports only
 * the total. `latencyMs` is how long the call took; the output has it in seconds.
 */
export const usageOutput = (usage: FlowUsage, latencyMs: number): JsonObject => ({
  prompt_tokens: usage.promptTokens,
  prompt_unit_price: "0",
  prompt_price_unit: "0",
  prompt_price: "0",
  completion_tokens: usage.completionTokens,
  completion_unit_price: "0",
  completion_price_unit: "0",
  completion_price: "0",
  total_tokens: usage.totalTokens,
  total_price: priceText(usage.totalPrice),
  currency: usage.currency,
  latency: Math.round(latencyMs) / 1000,
  time_to_first_token: null,
  time_to_generate: null,
});
