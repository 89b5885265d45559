import { beginningOf, endingOf } from "../base/cut-text.ts";
import { parseJson } from "../base/json.ts";
import { FAILURE_FORMATS } from "./units/secret-formats.ts";
import { maskSecrets } from "./units/mask-secrets.ts";

/** The longest reason, in UTF-16 units; what is longer is cut and ends in "…". */
export const MAX_FAILURE_LENGTH = 600;

/** So much of a text is read, half of it from its beginning and half from its end. */
const MAX_READ = 20_000;
/** So much around a cut is searched for secrets, for none of them to be cut in two. */
const MAX_SECRET = 8_000;
/** JSON in JSON in JSON is two levels below a plugin's own error; more than this is none of theirs. */
const MAX_DEPTH = 8;
const MAX_CANDIDATES = 16;

/**
 * What somebody else's error text says, fit for reasons, notes and logs: the innermost message of JSON in
 * JSON (Dify's plugins, model servers and gateways nest them), the line of a traceback or of a stack that
 * states the error, the title of an HTML page; on one line, at most MAX_FAILURE_LENGTH long, without
 * secrets of known forms and without addresses inside the operator's network. `mask` hides values that only
 * the caller knows. Both are applied before anything is cut, for a part of a secret is known no more, and again
 * to what was unescaped. An empty text stays empty.
 */
export const readableFailure = (raw: string, mask: (text: string) => string = (text) => text): string => {
  const clean = hideAddresses(withoutSecrets(mask(innermost(ends(mask(raw)), 0))))
    .replaceAll(/\s+/g, " ")
    .trim();
  return clean.length <= MAX_FAILURE_LENGTH ? clean : `${beginningOf(clean, MAX_FAILURE_LENGTH)}…`;
};

const withoutSecrets = (text: string): string => maskSecrets(text, FAILURE_FORMATS).text;

/** The beginning and the end of a text that is too long to be read. */
const ends = (text: string): string => {
  if (text.length <= MAX_READ) return text;
  const half = MAX_READ / 2;
  const beginning = withoutSecrets(beginningOf(text, half + MAX_SECRET));
  const end = withoutSecrets(endingOf(text, half + MAX_SECRET));
  return `${beginningOf(beginning, half)}\n${endingOf(end, half)}`;
};

const innermost = (raw: string, depth: number): string => {
  const text = raw.trim();
  if (depth >= MAX_DEPTH || text === "") return text;
  const nested = nestedMessage(text);
  if (nested !== null) {
    const inner = innermost(nested.message, depth + 1);
    return inner === "" ? plain(text) : withStatus(nested.before, inner);
  }
  return plain(text);
};

/** What stands before a nested message is kept where it holds the status, as in "Error code: 429 - {…}". */
const withStatus = (before: string, message: string): string => {
  const line = plain(before);
  return STATUS.test(line) && !message.startsWith(line)
    ? `${line.replace(/(?<![\s:,-])[\s:,-]+$/, "")}: ${message}`
    : message;
};

const STATUS = /\b[45]\d\d\b/;

const plain = (text: string): string => withoutName(HTML.test(text) ? fromPage(text) : statedLine(text));

/** Names that say no more than that this is an error, and where in the code of a flow it was thrown. */
const withoutName = (line: string): string =>
  line
    .trim()
    .replace(
      /^(?:req_id: \S+ )?(?:Plugin\w*Error: )?(?:\[[\w./-]{1,40}\] )?(?:Uncaught )?(?:(?:Error|Exception): )?/,
      "",
    )
    .replace(/(?: at [\w.<>$]{1,80})? ?\(?<code>(?::\d+){0,2}\)?$/, "");

const HTML = /<(?:!doctype html|html|head|body|title)\b/i;

const fromPage = (text: string): string => {
  const start = text.search(/</);
  const titled = /<(title|h1)\b[^>]{0,200}>([^<]{1,500})<\/\1>/i.exec(text)?.[2];
  const words =
    titled ?? text.replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ").replaceAll(/<[^>]{0,2000}>/g, " ");
  return withStatus(text.slice(0, start), words.replaceAll(/\s+/g, " ").trim());
};

const PYTHON_FRAME = /^\s+File ".{1,1000}", line \d+/;
const STACK_FRAME = /^\s+at \S.{0,1000}$/;
const NAMED = /^(?:Uncaught )?[A-Za-z_$][\w$.]{0,80}(?:Error|Exception|Exit|Interrupt|Warning)\b.{0,3}:? ?/;

/** The line that states the error, of the traces that Python and JavaScript print; else the whole text. */
const statedLine = (text: string): string => {
  const lines = text.split(/\r?\n/);
  const lastPython = lines.findLastIndex((line) => PYTHON_FRAME.test(line));
  if (lastPython >= 0) {
    const stated = lines.slice(lastPython + 1).find((line) => /^\S/.test(line));
    if (stated !== undefined) return stated;
  }
  const isFrame = (line: string | undefined): boolean => line !== undefined && STACK_FRAME.test(line);
  if (!lines.some(isFrame)) return text;
  const thrown = lines.findLast((line, index) => isFrame(lines[index + 1]) && /^\S{2}/.test(line));
  const named = thrown ?? lines.find((line) => NAMED.test(line));
  return named ?? lines.filter((line) => !isFrame(line)).join("\n");
};

type Nested = { readonly before: string; readonly message: string };

/** The message of the first JSON object or list in the text that has one; null without any. */
const nestedMessage = (text: string): Nested | null => {
  let tried = 0;
  for (const { index } of text.matchAll(/[{["]/g)) {
    // A quoted text is looked into only where it is all there is.
    if (text[index] === '"' && index > 0) continue;
    tried += 1;
    if (tried > MAX_CANDIDATES) break;
    const piece = text[index] === '"' ? text : balancedFrom(text, index);
    const message = piece === null ? null : messageOf(parseJson(piece), 0);
    if (message !== null) return { before: text.slice(0, index), message };
  }
  return cutOffMessage(text);
};

/** From an opening bracket to the one that closes it; null when none does. */
const balancedFrom = (text: string, start: number): string | null => {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return text.slice(start, at + 1);
    }
  }
  return null;
};

/** JSON that is cut off, or a dict as Python prints it: `{'error': {'message': '…'}}`. */
const cutOffMessage = (text: string): Nested | null => {
  const start = text.search(/[{[]\s{0,64}\\{0,16}["']/);
  if (start < 0) return null;
  const found =
    /(?<![\w])'(?:message|detail|msg)': (?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)")/.exec(text) ??
    /\\{0,16}"(?:message|detail|msg|description)\\{0,16}"\s{0,64}:\s{0,64}\\{0,16}"((?:[^"\\]|\\.)+)/.exec(
      text,
    );
  const message = found?.[1] ?? found?.[2];
  return message === undefined
    ? null
    : {
        before: text.slice(0, start),
        message: message.replaceAll(/(?<!\\)\\+(["'])/g, "$1").replace(/(?<!\\)\\+$/, ""),
      };
};

/** Where errors keep what they say, the most telling place first. */
const PLACES = ["error", "errors", "args", "message", "detail", "msg", "description", "error_message"];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const messageOf = (value: unknown, depth: number): string | null => {
  if (depth > MAX_DEPTH) return null;
  if (typeof value === "string") return value.trim() === "" ? null : value;
  if (Array.isArray(value))
    return firstOf(value, (item) => (depth > 0 || isRecord(item) ? messageOf(item, depth + 1) : null));
  if (!isRecord(value)) return null;
  const metadata = value["metadata"];
  const upstream = isRecord(metadata) ? metadata["raw"] : undefined;
  const message =
    (typeof upstream === "string" ? messageOf(upstream, depth + 1) : null) ??
    firstOf(PLACES, (place) => messageOf(value[place], depth + 1));
  return message === null ? null : withCode(message, value);
};

const firstOf = <T>(items: readonly T[], read: (item: T) => string | null): string | null => {
  for (const item of items) {
    const found = read(item);
    if (found !== null) return found;
  }
  return null;
};

/** A code that stands beside the message, where the message does not hold it. */
const withCode = (message: string, value: Readonly<Record<string, unknown>>): string => {
  const codes = [value["code"], value["status"]].filter(
    (code): code is string | number =>
      (typeof code === "number" && code >= 400 && code < 600) ||
      (typeof code === "string" && /^[\w-]{3,60}$/.test(code)),
  );
  const missing = codes.filter((code) => !message.includes(String(code)));
  return missing.length === 0 || /[{[]/.test(message) ? message : `${message} (${missing.join(" ")})`;
};

const INTERNAL_HOST = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|169\.254(?:\.\d{1,3}){2}|\[[0-9a-f:]{2,40}\]|host\.docker\.internal|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.(?:internal|local|lan|corp|home|svc|intranet))`;
const INTERNAL_URL = new RegExp(
  String.raw`\b[a-z][a-z0-9+.-]{1,20}:\/\/(?:${INTERNAL_HOST}|[a-z0-9_-]{1,63})(?=[:/?#\s"'\x60<>),;]|$)(?::\d{1,5})?[^\s"'\x60<>),;]*(?<![.:])`,
  "gi",
);
const INTERNAL_PEER = new RegExp(String.raw`(?<![\w.])${INTERNAL_HOST}:\d{1,5}\b`, "gi");

/** An address inside the operator's network is no business of whoever reads a note. */
const hideAddresses = (text: string): string =>
  text.replaceAll(INTERNAL_URL, "[internal address]").replaceAll(INTERNAL_PEER, "[internal address]");
