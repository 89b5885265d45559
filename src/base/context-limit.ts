import { z } from "zod";

/** That a prompt is longer than a model takes. */
export const ContextLimit = z.object({
  /** The model's context window in tokens, prompt and answer together; null where the server does not say. */
  windowTokens: z.number().nullable(),
});
export type ContextLimit = z.infer<typeof ContextLimit>;

/** In the words of OpenAI, llama.cpp and its Python server, LiteLLM, vLLM, Anthropic and Google. */
const CONTEXT_LIMIT =
  /context_length_exceeded|exceed_context_size|ContextWindowExceeded|(?:maximum|available|exceeds? (?:the )?(?:model's )?)\s?context|context (?:length|window|size)[^.]{0,40}exceed|prompt is too long|input token count[^.]{0,40}exceeds|too many (?:input )?tokens|reduce the length of (?:the|your) (?:messages|prompt|input)/i;

const WINDOWS: readonly RegExp[] = [
  /"?n_ctx"?\s?[:=]\s?(\d+)/i,
  /(?:maximum|available) context (?:length|size|window)[^0-9]{0,30}(\d+)/i,
  /> (\d+) maximum/i,
  /maximum number of tokens allowed[^0-9]{0,5}(\d+)/i,
  /exceed context limit: \d+ \+ \d+ > (\d+)/i,
  /context (?:length|size|window)[^0-9]{0,30}(\d+)/i,
];

/** How much of a window a prompt may fill before it is the prompt that is too long, and not the answer that was asked for. */
const PROMPT_SHARE = 0.75;

/** The sums of prompt and answer, as OpenAI, vLLM and Anthropic refuse them. */
const SUMS: readonly RegExp[] = [
  /context length is (?<window>\d+) tokens[^(]{0,80}\((?<prompt>\d+) in (?:the|your) (?:messages|prompt)[^,]{0,40}, (?<answer>\d+) (?:in|for) the completion/i,
  /request has (?<prompt>\d+) input tokens \((?<answer>\d+) > (?<window>\d+) - \d+\)/i,
  /passed (?<prompt>\d+) input tokens and requested (?<answer>\d+) output tokens[^]{0,80}context length is only (?<window>\d+)/i,
  /exceed context limit: (?<prompt>\d+) \+ (?<answer>\d+) > (?<window>\d+)/i,
];

/** An answer's limit that is refused for its size alone, whatever the prompt. */
const TOO_LARGE =
  /max_?(?:completion_?|output_?|new_?)?tokens['"`]?(?: value)?(?:,? (?:the )?valid range|[^.]{0,40} (?:must be (?:less than|at most|in|between)|is too large: \d+\. This model supports)|: \d+ > \d+, which is the maximum allowed number of output)|range of ['"`]?max_?(?:completion_?|output_?)?tokens/i;

/**
 * Whether a server refuses how long an answer may become, and not the prompt: shorter prompts would not help, leaving
 * the limit out does.
 */
export const isAnswerLimitTooLarge = (text: string): boolean => {
  for (const sum of SUMS) {
    const { prompt, window } = sum.exec(text)?.groups ?? {};
    if (prompt !== undefined && window !== undefined) return Number(prompt) <= PROMPT_SHARE * Number(window);
  }
  return TOO_LARGE.test(text);
};

/** What a failure's text, in English as servers write it, tells of a prompt that is too long; null if it is of another kind. */
export const contextLimitIn = (text: string): ContextLimit | null => {
  if (!CONTEXT_LIMIT.test(text) || isAnswerLimitTooLarge(text)) return null;
  const [window] = WINDOWS.flatMap((pattern) => pattern.exec(text)?.[1] ?? []);
  return { windowTokens: window === undefined ? null : Number(window) };
};
