import { isAnswerLimitTooLarge } from "../base/context-limit.ts";
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
  | "developerRole"
  | "images"
  | "systemRole"
  /** The limit of the answer under its older name; it then goes by the newer one. */
  | "maxTokens"
  /** The limit of the answer under any name, or as large as it is. */
  | "answerLimit";

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
  [
    "stopSequences",
    /\bstop(?:_?sequences)?\b['"`]? (?:is|not|parameter|was)|['"`]stop(?:_?sequences)?['"`]|: stop(?:_?sequences)?\b/i,
  ],
  [
    "reasoning",
    /\breasoning(?:[_.]?effort)?\b|(?:support|enable\w*) thinking|thinking(?:[_ ](?:level|budget|config)| is not)/i,
  ],
];

/** Servers that speak of the role in which instructions stand, by whose name we send or OpenAI's newer one. */
const SYSTEM_ROLE = new RegExp(
  [
    /system['"`]? (?:role|messages?|prompts?|instructions?)\b/,
    /role['"`:]* ?(?:is |of |does(?: not|n't) support )?['"`]?system/,
    /(?:conversation )?roles must alternate/,
    /only ['"`]?user['"`]?,? and ['"`]?assistant['"`]? (?:roles|messages)/,
    /supported values are:? ['"`]user['"`]/,
    /developer (?:instruction|role|message)/,
    /\b(?:unexpected|unsupported|unknown|invalid) (?:message )?role\b/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);

const DEVELOPER_ROLE =
  /['"`]?developer['"`]?|\b(?:unexpected|unsupported|unknown|invalid) (?:message )?role\b/i;

/** Servers that speak of images, or of a content that is more than a text. */
const IMAGES =
  /image|\bvision\b|multi-?modal|mmproj|content['"`\]]*\s?:? ?(?:value )?(?:must|should) be a (?:valid )?string|unsupported content type/i;

/** The images of all messages. */
export const countImages = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + (message.role === "user" ? (message.images ?? []).length : 0), 0);

/** The messages without their images, and without those that were nothing else. */
export const withoutImages = (messages: readonly ModelMessage[]): readonly ModelMessage[] =>
  messages.flatMap((message) => {
    if (message.role !== "user" || message.images === undefined) return [message];
    return message.content === "" ? [] : [{ role: message.role, content: message.content }];
  });

/** The limit of an answer under its many names, and a refusal that names another one for it. */
const ANSWER_LIMIT = /max_?(?:completion_?|output_?|new_?)?tokens/i;
const OTHER_NAME = /max_tokens\b[^]{0,80}\bmax_completion_tokens/i;

/**
 * The part that a server's refusal names, of those that the request still had; null when it names none.
 * Words as OpenAI and its models of each time ("'messages[0].role' does not support 'system'"), Azure, Mistral (422,
 * "Extra inputs are not permitted"), DeepSeek, DashScope, Groq, xAI ("Argument not supported"), Google ("Developer
 * instruction is not enabled"), LiteLLM, Ollama ("does not support thinking"), llama-cpp-python ("Input should be
 * 'text' or 'json_object'", with status 500), vLLM, and chat templates of vLLM, llama-server and LM Studio have them.
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
  const isTooLarge = isAnswerLimitTooLarge(refusal);
  const hasLimit = settings.maxOutputTokens !== undefined;
  const hasInstructions = messages.some(({ role }) => role === "system");
  const [first = null] = [
    ...may("streamOptions", isStreaming && isCompatible, /stream_?options|include_usage/i),
    ...may(
      "jsonSchema",
      format.kind === "schema",
      /json_?schema|(?:should|must) be 'text' or 'json_object'|grammar|response_?schema|schema in generation_?config/i,
    ),
    ...may(
      "responseFormat",
      format.kind !== "text",
      /response[_ ]?format|json[_ ]?(?:object|mode)|structured.?output/i,
    ),
    ...may("images", countImages(messages) > 0, IMAGES),
    ...may("maxTokens", hasLimit && !isTooLarge, OTHER_NAME),
    ...may("answerLimit", hasLimit, isTooLarge ? /./ : ANSWER_LIMIT),
    ...may("developerRole", hasInstructions && model.provider === "openai", DEVELOPER_ROLE),
    ...may("systemRole", hasInstructions, SYSTEM_ROLE),
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
        ? !left.has("maxTokens") && !left.has("answerLimit")
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
export const settingFor = (part: RefusablePart, name: string): string | null => {
  const at = `models.${name}`;
  switch (part) {
    case "stream":
      return `${at}.stream: false`;
    case "jsonSchema":
      return `${at}.structured_output: json-object`;
    case "responseFormat":
      return `${at}.structured_output: prompt`;
    case "answerLimit":
      return `${at}.parameters.max_tokens: null`;
    case "streamOptions":
    case "developerRole":
    case "systemRole":
    case "images":
    case "maxTokens":
      return null;
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
