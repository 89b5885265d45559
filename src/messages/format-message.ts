import { createRequire } from "node:module";
import { FormatError, IntlMessageFormat } from "intl-messageformat";
import { FALLBACK, languageOf } from "./language.ts";
import type { MessageParameters } from "./message-parameters.ts";

/** A message's name, the same in every language. */
export type MessageCode = keyof MessageParameters;

/** What stands behind a code: nothing for a message without parameters. */
export type MessageArguments<Code extends MessageCode> = [MessageParameters[Code]] extends [null]
  ? []
  : [parameters: MessageParameters[Code]];

/**
 * The messages of one language. Parameters go in as they are: whoever calls escapes a text for where it goes,
 * and the whole message where that is a page or a terminal.
 */
export type Translate = <Code extends MessageCode>(
  code: Code,
  ...parameters: MessageArguments<Code>
) => string;

/**
 * The catalogue in a language as people name it (see `languageOf`), English where there is none of it. Dates are
 * those of `timeZone`, an IANA name. A language is read and a message parsed when it is first used.
 */
export const translator = (language: string, timeZone = "UTC"): Translate => {
  const format = openCatalogue(languageOf(language), timeZone);
  return (code, ...parameters) => format(code, parameters[0] ?? {});
};

/** One message; `translator` is for several of a language. */
export const formatMessage = <Code extends MessageCode>(
  language: string,
  code: Code,
  ...parameters: MessageArguments<Code>
): string => translator(language)(code, ...parameters);

const isMessageCode = (text: string): text is MessageCode => readTexts(FALLBACK).has(text);

/**
 * What a stored reason means, by its code and parameters: the message `reason.CODE`. Null where there is no such
 * message or a parameter of it is missing, as in what another version stored.
 */
export const formatReason = (
  language: string,
  code: string,
  parameters: Readonly<Record<string, string | number>> = {},
): string | null => {
  const message = `reason.${code}`;
  if (!isMessageCode(message)) return null;
  try {
    return openCatalogue(languageOf(language), "UTC")(message, parameters);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
};

type Value = string | number | Date;
type Format = (code: MessageCode, parameters: Readonly<Record<string, Value>>) => string;

const catalogues = new Map<string, Format>();

const openCatalogue = (tag: string, timeZone: string): Format => {
  const key = `${tag} ${timeZone}`;
  const known = catalogues.get(key);
  if (known !== undefined) return known;
  const parsed = new Map<MessageCode, IntlMessageFormat>();
  const formats = dateFormats(timeZone);
  const format: Format = (code, parameters) => {
    const message = parsed.get(code) ?? parse(tag, code, formats);
    parsed.set(code, message);
    return String(message.format({ ...parameters }));
  };
  catalogues.set(key, format);
  return format;
};

const parse = (
  tag: string,
  code: MessageCode,
  formats: ReturnType<typeof dateFormats>,
): IntlMessageFormat => {
  const own = readTexts(tag).get(code);
  const text = own ?? readTexts(FALLBACK).get(code);
  if (text === undefined) throw new Error(`There is no message ${code}`);
  return new IntlMessageFormat(text, own === undefined ? FALLBACK : tag, formats, { ignoreTag: true });
};

const require = createRequire(import.meta.url);
const texts = new Map<string, ReadonlyMap<string, string>>();

/** A language's messages by code. A test holds that every file has all of them. */
export const readTexts = (tag: string): ReadonlyMap<string, string> => {
  const known = texts.get(tag);
  if (known !== undefined) return known;
  const content: unknown = require(`./${tag}.json`);
  const read = new Map(
    Object.entries(content ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
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
