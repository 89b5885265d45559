import { createRequire } from "node:module";
import { IntlMessageFormat } from "intl-messageformat";
import { z } from "zod";
import type { FlowMessageParameters } from "./message-parameters.ts";

/** A code of a catalogue and what its sentence names: data that programs and tests compare. */
export type MessageOf<Code extends string> = {
  readonly code: Code;
  readonly params: Readonly<Record<string, ParamOf<Code>>>;
  /** The same in a code of the host, of whose catalogue the engine knows nothing. */
  readonly host?: MessageOf<string>;
};

/** What a message names: texts, numbers and times (ms) as they are, further messages in the language of the whole. */
export type ParamOf<Code extends string> =
  | string
  | number
  | MessageOf<Code>
  | readonly (string | MessageOf<Code>)[];

/** What stands behind a code: nothing for a sentence that names nothing; for any text also messages and lists. */
export type ParamsFor<Parameters, Code extends string> = [Parameters] extends [null]
  ? []
  : [
      params: {
        readonly [Name in keyof Parameters]: string extends Parameters[Name]
          ? ParamOf<Code>
          : Exclude<Parameters[Name], Date>;
      },
    ];

/** The name of a sentence of the engine, the same in every language. */
export type FlowMessageCode = keyof FlowMessageParameters;

/** What the engine says of a flow, a node or a run. Its English stands in `en.json`; hosts may have it in more languages. */
export type FlowMessage = MessageOf<FlowMessageCode>;

/** A message of the engine with its parameters. */
export const flowMessage = <Code extends FlowMessageCode>(
  code: Code,
  ...[params]: ParamsFor<FlowMessageParameters[Code], FlowMessageCode>
): FlowMessage => ({ code, params: { ...params } });

/** What a port, a library or a model's server says, in its own words; `host` where the host has a code for it. */
export const inItsWords = (text: string, host?: MessageOf<string>): FlowMessage => ({
  ...flowMessage("flow.verbatim", { text }),
  ...(host === undefined ? {} : { host }),
});

/** What somebody else says as a text, where that is all of a message; the message where it says more. */
export const plainWords = (message: FlowMessage): string | FlowMessage => {
  const { text } = message.params;
  return message.code === "flow.verbatim" && message.host === undefined && typeof text === "string"
    ? text
    : message;
};

/** Formats the sentence of a code. */
export type FormatCode<Code extends string> = (
  code: Code,
  params: Readonly<Record<string, string | number | Date>>,
) => string;

/** A message's sentence, with those of the messages in it. */
export const renderMessage = <Code extends string>(
  format: FormatCode<Code>,
  { code, params }: MessageOf<Code>,
): string =>
  format(
    code,
    Object.fromEntries(Object.entries(params).map(([name, param]) => [name, valueOf(format, param)])),
  );

/** The message in the host's codes, wherever it has one that `knows` lets pass. */
export const asHostSays = (
  { code, params, host }: MessageOf<string>,
  knows: (code: string) => boolean,
): MessageOf<string> => {
  if (host !== undefined && knows(host.code)) return asHostSays(host, knows);
  const inside = (param: ParamOf<string>): ParamOf<string> => {
    if (typeof param !== "object") return param;
    if ("code" in param) return asHostSays(param, knows);
    return param.map((one) => (typeof one === "string" ? one : asHostSays(one, knows)));
  };
  return {
    code,
    params: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, inside(param)])),
  };
};

/** Lists of texts are joined by commas, whole sentences by semicolons; an empty one is a dash. */
const valueOf = <Code extends string>(format: FormatCode<Code>, param: ParamOf<Code>): string | number => {
  if (typeof param !== "object") return param;
  if ("code" in param) return renderMessage(format, param);
  if (param.length === 0) return "–";
  const isSentences = param.some((one) => typeof one === "object");
  return param
    .map((one) => (typeof one === "string" ? one : renderMessage(format, one)))
    .join(isSentences ? "; " : ", ");
};

/** The message with `map` applied to every text in it. */
export const mapTexts = <Code extends string>(
  { code, params, host }: MessageOf<Code>,
  map: (text: string) => string,
): MessageOf<Code> => ({
  code,
  params: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, mapParam(param, map)])),
  ...(host === undefined ? {} : { host: mapTexts(host, map) }),
});

const mapParam = <Code extends string>(
  param: ParamOf<Code>,
  map: (text: string) => string,
): ParamOf<Code> => {
  if (typeof param === "string") return map(param);
  if (typeof param === "number") return param;
  if ("code" in param) return mapTexts(param, map);
  return param.map((one) => (typeof one === "string" ? map(one) : mapTexts(one, map)));
};

/** A message in a stored document, of whichever version and catalogue. */
export const MessageShape: z.ZodType<MessageOf<string>> = z.lazy(() =>
  z.object({
    code: z.string(),
    params: z.record(
      z.string(),
      z.union([z.string(), z.number(), MessageShape, z.array(z.union([z.string(), MessageShape]))]),
    ),
  }),
);

/** Whether a value that was kept is a message with a sentence; another version had other codes and other parameters. */
const hasSentence = (value: unknown, format: FormatCode<string>): value is MessageOf<string> => {
  const { data } = MessageShape.safeParse(value);
  try {
    return data !== undefined && renderMessage(format, data) !== "";
  } catch {
    return false;
  }
};

/** A sentence of a language, ready to be formatted; `formats` are the forms of dates that it may name. */
export const parseSentence = (
  text: string,
  language: string,
  formats?: ConstructorParameters<typeof IntlMessageFormat>[2],
): IntlMessageFormat => new IntlMessageFormat(text, language, formats, { ignoreTag: true });

const require = createRequire(import.meta.url);

let english: ReadonlyMap<string, string> | undefined;

/** The engine's sentences in English, by code. */
export const englishTexts = (): ReadonlyMap<string, string> => {
  const content: unknown = english === undefined ? require("./en.json") : {};
  return (english ??= new Map(
    Object.entries(content ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  ));
};

const sentences = new Map<string, IntlMessageFormat>();

const formatEnglish: FormatCode<string> = (code, params) => {
  const text = englishTexts().get(code);
  if (text === undefined) throw new Error(`There is no message ${code}`);
  const sentence = sentences.get(code) ?? parseSentence(text, "en");
  sentences.set(code, sentence);
  return String(sentence.format({ ...params }));
};

/** What a message says in English: for logs, and for what a flow itself reads of a failure. */
export const englishOf = (message: FlowMessage): string => renderMessage(formatEnglish, message);

/** Whether a value that was kept is a message of the engine as it is today. */
export const isFlowMessage = (value: unknown): value is FlowMessage => hasSentence(value, formatEnglish);
