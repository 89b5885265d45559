import { reprFloat } from "./exact-number.ts";
import { iterate, textOf } from "./types.ts";
import {
  PyCallable,
  PyDict,
  PyError,
  PyIterator,
  PyList,
  PyMarkup,
  PyRange,
  PyTuple,
  PyUndefined,
  PyView,
} from "./values.ts";
import type { PyValue } from "./values.ts";

/** Longest text that one operation may make; more would only fill the memory. */
const MAX_TEXT = 10_000_000;

/** Throws a MemoryError when a text of `length` units would be made. */
export const checkLength = (length: number): void => {
  if (length > MAX_TEXT) throw new PyError("MemoryError", `a text of more than ${MAX_TEXT} characters`);
};

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escapeCharacter = (char: string): string => {
  const short = SHORT_ESCAPES[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
};

/** Python's `repr` of a str. */
export const reprText = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote, quote === "'" ? "\\'" : '"');
  return quote + escaped.replace(UNPRINTABLE, escapeCharacter) + quote;
};

const MAX_DEPTH = 200;

const reprItems = (items: Iterable<PyValue>, depth: number): string => {
  let text = "";
  for (const item of items) {
    text += (text === "" ? "" : ", ") + reprAt(item, depth + 1);
    checkLength(text.length);
  }
  return text;
};

const reprEntries = (dict: PyDict, depth: number): string => {
  let text = "";
  for (const [key, value] of dict.entries()) {
    text += `${text === "" ? "" : ", "}${reprAt(key, depth + 1)}: ${reprAt(value, depth + 1)}`;
    checkLength(text.length);
  }
  return text;
};

const reprRange = (range: PyRange): string =>
  range.step === 1n
    ? `range(${range.start}, ${range.stop})`
    : `range(${range.start}, ${range.stop}, ${range.step})`;

const reprScalar = (value: null | boolean | bigint | number): string => {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "bigint" ? value.toString() : reprFloat(value);
};

const reprAt = (value: PyValue, depth: number): string => {
  if (depth > MAX_DEPTH)
    throw new PyError(
      "RecursionError",
      "maximum recursion depth exceeded while getting the repr of an object",
    );
  if (value === null || typeof value === "boolean" || typeof value === "bigint" || typeof value === "number")
    return reprScalar(value);
  if (typeof value === "string") return reprText(value);
  if (value instanceof PyList) return `[${reprItems(value.items, depth)}]`;
  if (value instanceof PyTuple)
    return `(${reprItems(value.items, depth)}${value.items.length === 1 ? "," : ""})`;
  if (value instanceof PyDict) return `{${reprEntries(value, depth)}}`;
  if (value instanceof PyMarkup) return `Markup(${reprText(value.text)})`;
  if (value instanceof PyUndefined) return "Undefined";
  if (value instanceof PyRange) return reprRange(value);
  if (value instanceof PyView) return `dict_${value.kind}([${reprItems(iterate(value), depth)}])`;
  if (value instanceof PyIterator || value instanceof PyCallable) return value.label;
  return value.print();
};

/** Python's `repr()` of a value. */
export const repr = (value: PyValue): string => reprAt(value, 0);

/** Python's `str()` of a value: what a template prints. */
export const str = (value: PyValue): string => {
  const text = textOf(value);
  if (text !== null) return text;
  return value instanceof PyUndefined ? "" : repr(value);
};

/** What `markupsafe.escape` makes of a text. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&#34;")
    .replaceAll("'", "&#39;");
