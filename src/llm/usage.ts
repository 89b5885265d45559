import type { LanguageModelUsage } from "ai";
import type { FlowUsage } from "../flow/flow-event.ts";
import type { ModelPrice } from "./model-options.ts";

const countWide = (text: string): number =>
  text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;

/** Prompts below are not judged: small counts say little. */
const MIN_JUDGED_TOKENS = 1_500;

/**
 * Whether a server read less of a prompt than was sent, without saying so: Ollama keeps the end that fits its
 * window, and its usage is then the window itself. `reported` is what the server counted. Real counts are
 * 0.3 to 0.6 a character of code and prose, and down to 0.6 a character of Chinese alone.
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

/** The usage as the provider reported it, counted in the texts where it did not. */
export const readUsage = (
  reported: LanguageModelUsage | null,
  texts: { readonly prompt: string; readonly answer: string },
  price: ModelPrice | null | undefined,
  countTokens: (text: string) => number,
): FlowUsage =>
  priceTokens(
    reported?.inputTokens ?? countTokens(texts.prompt),
    reported?.outputTokens ?? countTokens(texts.answer),
    price,
  );
