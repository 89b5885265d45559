import type { ModelMessage } from "../flow/ports.ts";
import type { AnswerFormat, CallSettings } from "./call-settings.ts";
import type { ConfiguredModel } from "./model-options.ts";

/** A part of a request that some servers refuse by its name. */
export type RefusablePart =
  | Exclude<keyof CallSettings, "maxOutputTokens">
  | "stream"
  | "streamOptions"
  | "jsonSchema"
  | "responseFormat"
  | "systemRole"
  | "maxTokens";

/** What a request holds, before anything is left out. */
export type RequestParts = {
  readonly messages: readonly ModelMessage[];
  readonly settings: CallSettings;
  readonly format: AnswerFormat;
};

const SETTING_NAMES: readonly (readonly [keyof CallSettings & RefusablePart, RegExp])[] = [
  ["temperature", /\btemperature\b/i],
  ["topP", /\btop_?p\b/i],
  ["topK", /\btop_?k\b/i],
  ["presencePenalty", /\bpresence_?penalty\b/i],
  ["frequencyPenalty", /\bfrequency_?penalty\b/i],
  ["seed", /\bseed\b/i],
  ["stopSequences", /\bstop(?:_?sequences)?\b['"`]? (?:is|not|parameter|was)|['"`]stop['"`]/i],
  ["reasoning", /\breasoning(?:_effort|\.effort)?\b|support thinking/i],
];

/**
 * The part that a server's refusal names, of those that the request still had; null when it names none.
 * Words as OpenAI, Azure, Ollama ("does not support thinking"), llama-cpp-python ("Input should be 'text' or
 * 'json_object'", with status 500), vLLM and chat templates ("System role not supported") have them.
 */
export const findRefusedPart = (
  refusal: string,
  { messages, settings, format }: RequestParts,
  model: Pick<ConfiguredModel, "provider">,
  left: ReadonlySet<RefusablePart>,
  isStreaming: boolean,
): RefusablePart | null => {
  const may = (part: RefusablePart, isThere: boolean, name: RegExp): readonly RefusablePart[] =>
    isThere && !left.has(part) && name.test(refusal) ? [part] : [];
  const isCompatible = model.provider === "openai-compatible";
  const [first = null] = [
    ...may("streamOptions", isStreaming && isCompatible, /stream_?options|include_usage/i),
    ...may(
      "jsonSchema",
      format.kind === "schema",
      /json_?schema|(?:should|must) be 'text' or 'json_object'|grammar/i,
    ),
    ...may(
      "responseFormat",
      format.kind !== "text",
      /response_?format|json_?(?:object|mode)|structured.?output/i,
    ),
    ...may("maxTokens", settings.maxOutputTokens !== undefined, /max_completion_tokens/i),
    ...may(
      "systemRole",
      messages.some(({ role }) => role === "system"),
      /system['"`]? (?:role|messages?|prompts?|instructions?)\b|role['"`:]* ?(?:is |of )?['"`]?system|roles must alternate/i,
    ),
    ...SETTING_NAMES.flatMap(([part, name]) => may(part, settings[part] !== undefined, name)),
    ...may("stream", isStreaming, /\bstream(?:ing)?\b(?!_)/i),
  ];
  return first;
};

/** Settings without those that were refused. */
export const withoutSettings = (settings: CallSettings, left: ReadonlySet<RefusablePart>): CallSettings =>
  Object.fromEntries(
    Object.entries(settings).filter(([name]) =>
      name === "maxOutputTokens"
        ? !left.has("maxTokens")
        : !SETTING_NAMES.some(([part]) => part === name && left.has(part)),
    ),
  );

/** The instructions moved into the first message of the user, for models whose template has no system role. */
export const withoutSystemRole = (messages: readonly ModelMessage[]): readonly ModelMessage[] => {
  const instructions = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const rest = messages.filter(({ role }) => role !== "system");
  const at = rest.findIndex(({ role }) => role === "user");
  const text = instructions.join("\n\n");
  return at < 0
    ? [{ role: "user", content: text }, ...rest]
    : rest.map((message, index) =>
        index === at ? { ...message, content: `${text}\n\n${message.content}` } : message,
      );
};

/** What to write into the settings so that a part is left out from the start. */
export const settingFor = (part: RefusablePart, name: string): string => {
  const at = `models.${name}`;
  switch (part) {
    case "stream":
      return `${at}.stream: false`;
    case "jsonSchema":
      return `${at}.structured_output: json-object`;
    case "responseFormat":
      return `${at}.structured_output: prompt`;
    case "streamOptions":
    case "systemRole":
    case "maxTokens":
      return "none is needed";
    default:
      return `${at}.parameters.${PARAMETER_NAMES[part]}: null`;
  }
};

const PARAMETER_NAMES: Readonly<Record<keyof CallSettings & RefusablePart, string>> = {
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  stopSequences: "stop",
  reasoning: "reasoning_effort",
};
