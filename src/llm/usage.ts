import type { LanguageModelUsage } from "ai";
import type { FlowUsage } from "../flow/flow-event.ts";
import type { ModelPrice } from "./model-options.ts";

/**
 * About how many tokens a text has, for servers that do not count: one per wide character of Chinese,
 * Japanese and Korean, one per four others.
 */
export const estimateTokens = (text: string): number => {
  const wide =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  return wide + Math.ceil((text.length - wide) / 4);
};

const round = (amount: number): number => Number(amount.toFixed(9));

/** Tokens with their price; the price is 0 when none is configured. */
export const priceTokens = (
  promptTokens: number,
  completionTokens: number,
  price: ModelPrice | null | undefined,
): FlowUsage => ({
  totalTokens: promptTokens + completionTokens,
  promptTokens,
  completionTokens,
  totalPrice: price
    ? round((promptTokens * price.inputPerMillion + completionTokens * price.outputPerMillion) / 1_000_000)
    : 0,
  currency: price?.currency ?? "USD",
});

/** The usage as the provider reported it, estimated from the texts where it did not. */
export const readUsage = (
  reported: LanguageModelUsage | null,
  texts: { readonly prompt: string; readonly answer: string },
  price: ModelPrice | null | undefined,
): FlowUsage =>
  priceTokens(
    reported?.inputTokens ?? estimateTokens(texts.prompt),
    reported?.outputTokens ?? estimateTokens(texts.answer),
    price,
  );
