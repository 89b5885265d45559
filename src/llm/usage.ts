import type { LanguageModelUsage } from "ai";
import type { FlowUsage } from "../flow/flow-event.ts";
import type { ModelPrice } from "./model-options.ts";

/**
 * About how many tokens a text has, for servers that do not count: one per wide character of Chinese,
 * Japanese and Korean, one per four others.
 */
export const estimateTokens = (text: string): number => {
  const wide = countWide(text);
  return wide + Math.ceil((text.length - wide) / 4);
};

const countWide = (text: string): number =>
  text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;

/** Prompts below are not judged: small counts say little. */
const MIN_JUDGED_TOKENS = 1_500;

/**
 * Whether a server read less of a prompt than was sent, without saying so: Ollama keeps the end that fits its
 * window, and its usage is then the window itself. `reported` is what the server counted. Real counts are
 * 1.2 to 2.5 times `estimateTokens` for code and prose, and down to 0.6 a character for Chinese alone.
 */
export const isPromptCut = (prompt: string, reported: number): boolean => {
  const wide = countWide(prompt);
  const others = prompt.length - wide;
  const least = 0.5 * wide + others / 5;
  const isWindow = reported > 0 && reported % 512 === 0;
  return least > MIN_JUDGED_TOKENS && reported < (isWindow ? 0.6 * wide + others / 4 : 0.75 * least);
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
