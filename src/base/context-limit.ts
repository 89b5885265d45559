/** That a prompt is longer than a model takes. */
export type ContextLimit = {
  /** The model's context window in tokens, prompt and answer together; null where the server does not say. */
  readonly windowTokens: number | null;
};

/** In the words of OpenAI, llama.cpp and its Python server, LiteLLM, vLLM, Anthropic, Google and this product. */
const CONTEXT_LIMIT =
  /context_length_exceeded|exceed_context_size|ContextWindowExceeded|(?:maximum|available|exceeds? (?:the )?(?:model's )?)\s?context|context (?:length|window|size)[^.]{0,40}exceed|prompt is too long|takes no prompt of this length|read only the last \d+ tokens|input token count[^.]{0,40}exceeds|too many (?:input )?tokens|reduce the length of (?:the|your) (?:messages|prompt|input)/i;

const WINDOWS: readonly RegExp[] = [
  /"?n_ctx"?\s?[:=]\s?(\d+)/i,
  /(?:maximum|available) context (?:length|size|window)[^0-9]{0,30}(\d+)/i,
  /> (\d+) maximum/i,
  /maximum number of tokens allowed[^0-9]{0,5}(\d+)/i,
  /read only the last (\d+) tokens/i,
  /context (?:length|size|window)[^0-9]{0,30}(\d+)/i,
];

/** What a failure's text, in English as servers write it, tells of a prompt that is too long; null if it is of another kind. */
export const contextLimitIn = (text: string): ContextLimit | null => {
  if (!CONTEXT_LIMIT.test(text)) return null;
  const [window] = WINDOWS.flatMap((pattern) => pattern.exec(text)?.[1] ?? []);
  return { windowTokens: window === undefined ? null : Number(window) };
};
