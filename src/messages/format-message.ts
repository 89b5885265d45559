import { createRequire } from "node:module";
import type { IntlMessageFormat } from "intl-messageformat";
import {
  asHostSays,
  englishTexts,
  type FormatCode,
  parseSentence,
  renderMessage,
} from "../flow/messages/message.ts";
import { FALLBACK, languageOf } from "./language.ts";
import type { Message, MessageCode } from "./message.ts";
import type { MessageParameters } from "./message-parameters.ts";

/** What stands behind a code: nothing for a message without parameters. */
export type MessageArguments<Code extends MessageCode> = [MessageParameters[Code]] extends [null]
  ? []
  : [parameters: MessageParameters[Code]];

/** Why something is as it is, as far as a sentence needs it: the message `reason.CODE` with its parameters. */
type SpokenReason = {
  readonly code: string;
  readonly params: Readonly<Record<string, string | number | boolean | readonly string[] | Message>>;
};

/**
 * The messages of one language. Parameters go in as they are: whoever calls escapes a text for where it goes,
 * and the whole message where that is a page or a terminal.
 */
export type Translate = {
  <Code extends MessageCode>(code: Code, ...parameters: MessageArguments<Code>): string;
  /** The language as a BCP 47 tag. */
  readonly language: string;
  /** The sentence of a reason, without its detail. */
  readonly reason: (reason: SpokenReason) => string;
  /** The sentence of a message, with those of the messages in it; the code of one that only another version has. */
  readonly message: (message: Message) => string;
};

/**
 * The catalogue in a language as people name it (see `languageOf`), English where there is none of it. Dates are
 * those of `timeZone`, an IANA name. A language is read and a message parsed when it is first used.
 */
export const translator = (language: string, timeZone = "UTC"): Translate => {
  const format = openCatalogue(languageOf(language), timeZone);
  const translate = <Code extends MessageCode>(code: Code, ...parameters: MessageArguments<Code>): string =>
    format(code, parameters[0] ?? {});
  return Object.assign(translate, {
    language: languageOf(language),
    reason: ({ code, params }: SpokenReason): string => {
      const message = `reason.${code}`;
      return isMessageCode(message) ? format(message, spoken(params)) : code;
    },
    message: (message: Message): string => renderMessage(orCode(format), asHostSays(message, isMessageCode)),
  });
};

/** Another version, which stored a message or answers with one, had other codes and other parameters. */
const orCode =
  (format: Format): Format =>
  (code, parameters) => {
    try {
      return format(code, parameters);
    } catch {
      return code;
    }
  };

/** Lists are joined, and ICU chooses by "true" and "false". The detail is none of the sentence's. */
const spoken = (params: SpokenReason["params"]): Readonly<Record<string, string | number>> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => {
      if (typeof value !== "object") return [[name, typeof value === "boolean" ? String(value) : value]];
      return "code" in value ? [] : [[name, value.join(", ")]];
    }),
  );

/** What was stored for people: somebody else's text, or a message. */
export const storedText = (t: Translate, stored: string | Message): string =>
  typeof stored === "string" ? stored : t.message(stored);

/** What a reason says besides its sentence, for those who run the server; null where that is nothing. */
export const detailOf = (t: Translate, { params: { detail } }: SpokenReason): string | null => {
  if (typeof detail === "string") return detail === "" ? null : detail;
  return typeof detail === "object" && "code" in detail ? storedText(t, detail) : null;
};

/** The sentence of a reason with its detail. */
export const reasonInFull = (t: Translate, reason: SpokenReason): string => {
  const detail = detailOf(t, reason);
  const sentence = t.reason(reason);
  return detail === null ? sentence : `${sentence}: ${detail}`;
};

/** One message; `translator` is for several of a language. */
export const formatMessage = <Code extends MessageCode>(
  language: string,
  code: Code,
  ...parameters: MessageArguments<Code>
): string => translator(language)(code, ...parameters);

/** Whether a text is the code of a message. */
export const isMessageCode = (text: string): text is MessageCode => readTexts(FALLBACK).has(text);

type Format = FormatCode<string>;

const catalogues = new Map<string, Format>();

const openCatalogue = (tag: string, timeZone: string): Format => {
  const key = `${tag} ${timeZone}`;
  const known = catalogues.get(key);
  if (known !== undefined) return known;
  const parsed = new Map<string, IntlMessageFormat>();
  const formats = dateFormats(timeZone);
  const format: Format = (code, parameters) => {
    const message = parsed.get(code) ?? parse(tag, code, formats);
    parsed.set(code, message);
    return String(message.format({ ...parameters }));
  };
  catalogues.set(key, format);
  return format;
};

const parse = (tag: string, code: string, formats: ReturnType<typeof dateFormats>): IntlMessageFormat => {
  const own = readTexts(tag).get(code);
  const text = own ?? readTexts(FALLBACK).get(code);
  if (text === undefined) throw new Error(`There is no message ${code}`);
  return parseSentence(text, own === undefined ? FALLBACK : tag, formats);
};

const require = createRequire(import.meta.url);
const texts = new Map<string, ReadonlyMap<string, string>>();

/** A language's messages by code; in English those of the engine too. A test holds that every language has all of them. */
export const readTexts = (tag: string): ReadonlyMap<string, string> => {
  const known = texts.get(tag);
  if (known !== undefined) return known;
  const content: unknown = require(`./${tag}.json`);
  const own = Object.entries(content ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const read = new Map(
    [...own, ...(tag === FALLBACK ? englishTexts() : [])].toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    ),
  );
  texts.set(tag, read);
  return read;
};

/** The forms of dates that messages may name, in a time zone. ICU's own names would mix with its defaults. */
const dateFormats = (timeZone: string) => ({
  date: {
    moment: {
      timeZone,
      year: "numeric",
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    },
  } as const,
});
