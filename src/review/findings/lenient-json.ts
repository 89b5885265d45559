import type { Json } from "../../base/json.ts";

/**
 * A value as it was read from a model's text. `cut` says that its end is missing: the text stopped, or
 * went on with something else. In a container that is cut only the last child may be cut as well.
 */
export type LenientNode = { readonly cut: boolean; readonly start: number; readonly end: number } & (
  | { readonly kind: "scalar"; readonly value: null | boolean | number | string }
  | { readonly kind: "array"; readonly items: readonly LenientNode[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, LenientNode])[] }
);

/** What was read, and whether something in it was no JSON even by lenient rules. */
export type LenientReading = { readonly node: LenientNode; readonly malformed: boolean };

/** Deeper values are taken as malformed, so that no text can exhaust the stack. */
const MAX_DEPTH = 60;

const CLOSING: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "\u201c": "\u201d",
  "\u2018": "\u2019",
};

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

const SPACE = /(?:\s|\uFEFF|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|#[^\n]*)*/y;
/** A comma, or dots where a model left something out. */
const SEPARATOR = /,|\.{3}|…/y;
const BARE_KEY = /[\p{L}_$][\p{L}\p{N}_$-]*/uy;
const BARE_VALUE = /[^\s,{}[\]"'`:][^\n,{}[\]"`]*/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What may follow a string when stray quotes inside strings are to be told from the closing one. */
const AFTER_STRING = /\s*(?:$|[}\]]\s*(?:$|[,}\]`]|\n)|:|\/\/|\/\*|,\s*(?:$|[}\]{[]|\/\/|\/\*))/y;
const NEXT_KEY = /\s*,?\s*["'\u201c]?[\p{L}_$][\p{L}\p{N}_$ -]{0,40}["'\u201d]?\s*:/uy;
const NEXT_ITEM = /\s*,\s*["'\u201c\d-]/y;

/** Reads one object or array that starts at `start`, where `{` or `[` stands. */
type Cursor = {
  readonly text: string;
  /** Whether a quote inside a string counts as its end only where something fitting follows. */
  readonly guessQuotes: boolean;
  at: number;
  malformed: boolean;
};

/**
 * Reads the JSON object or array at `start` and tolerates what models do to JSON: trailing and missing
 * commas, comments, single and curly quotes, bare keys and words, raw line feeds and stray quotes in
 * strings, a missing end. JSON that is right is read as `JSON.parse` reads it. Never throws.
 */
export const readLenientJson = (text: string, start: number): LenientReading => {
  const exact = readOnce(text, start, false);
  if (!exact.malformed) return exact;
  const guessed = readOnce(text, start, true);
  return guessed.malformed && guessed.node.end < exact.node.end ? exact : guessed;
};

const readOnce = (text: string, start: number, guessQuotes: boolean): LenientReading => {
  const cursor: Cursor = { text, guessQuotes, at: start, malformed: false };
  const node = readValue(cursor, "top", 0);
  return { node, malformed: cursor.malformed };
};

/** The plain value of a node, as far as it was read. */
export const toJson = (node: LenientNode): Json => {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.items.map(toJson);
  return Object.fromEntries(node.entries.map(([key, value]) => [key, toJson(value)]));
};

type Place = "top" | "item" | "value";

const readValue = (cursor: Cursor, place: Place, depth: number): LenientNode => {
  const start = cursor.at;
  const first = cursor.text[start];
  if (depth > MAX_DEPTH) return broken(cursor, start);
  if (first === "{") return readObject(cursor, depth);
  if (first === "[") return readArray(cursor, depth);
  const isTemplate = first === "`" && place === "value" && !cursor.text.startsWith("```", start);
  if (first !== undefined && (isTemplate || CLOSING[first] !== undefined)) {
    const { value, cut } = readString(cursor, place);
    return { kind: "scalar", value, cut, start, end: cursor.at };
  }
  return readBare(cursor, place);
};

const readBare = (cursor: Cursor, place: Place): LenientNode => {
  const start = cursor.at;
  const word = take(cursor, BARE_VALUE)
    .replace(/\s*(?:\/\/.*|\/\*.*)$/, "")
    .trim();
  const end = cursor.at;
  const cut = end >= cursor.text.length;
  const scalar = (value: null | boolean | number | string): LenientNode => ({
    kind: "scalar",
    value,
    cut,
    start,
    end,
  });
  if (/^(?:true|yes)$/i.test(word)) return scalar(true);
  if (/^(?:false|no)$/i.test(word)) return scalar(false);
  if (/^(?:null|none|undefined|nan|nil)$/i.test(word)) return scalar(null);
  if (NUMBER.test(word) && Number.isFinite(Number(word))) return scalar(Number(word));
  if (place === "value" && word !== "") return scalar(word);
  cursor.at = start;
  return broken(cursor, start);
};

/** Nothing that can be read stands here; whoever holds it is cut here too. */
const broken = (cursor: Cursor, start: number): LenientNode => {
  if (cursor.at < cursor.text.length) cursor.malformed = true;
  return { kind: "scalar", value: null, cut: true, start, end: cursor.at };
};

const readArray = (cursor: Cursor, depth: number): LenientNode => {
  const start = cursor.at;
  const items: LenientNode[] = [];
  cursor.at += 1;
  for (;;) {
    skipSeparators(cursor);
    const sign = cursor.text[cursor.at];
    const closed = sign === "]";
    if (closed) cursor.at += 1;
    if (closed || sign === undefined || sign === "}") {
      if (sign === "}") cursor.malformed = true;
      return { kind: "array", items, cut: !closed, start, end: cursor.at };
    }
    const before = cursor.at;
    const item = readValue(cursor, "item", depth + 1);
    if (cursor.at > before) items.push(item);
    if (item.cut) return { kind: "array", items, cut: true, start, end: cursor.at };
  }
};

const readObject = (cursor: Cursor, depth: number): LenientNode => {
  const start = cursor.at;
  const entries: (readonly [string, LenientNode])[] = [];
  const finish = (cut: boolean): LenientNode => ({ kind: "object", entries, cut, start, end: cursor.at });
  cursor.at += 1;
  for (;;) {
    skipSeparators(cursor);
    const sign = cursor.text[cursor.at];
    if (sign === "}") {
      cursor.at += 1;
      return finish(false);
    }
    if (sign === undefined) return finish(true);
    if (entries.length > 0 && (sign === "{" || sign === "]")) {
      cursor.malformed = true;
      return finish(false);
    }
    const key = readKey(cursor);
    if (key === null) return finish(true);
    const value = readValue(cursor, "value", depth + 1);
    entries.push([key, value]);
    if (value.cut) return finish(true);
  }
};

/** A key with its colon; null when the text ends within, or when no key stands here. */
const readKey = (cursor: Cursor): string | null => {
  const first = cursor.text[cursor.at] ?? "";
  let key: string;
  if (CLOSING[first] === undefined) key = take(cursor, BARE_KEY);
  else {
    const read = readString(cursor, "value");
    if (read.cut) return null;
    key = read.value;
  }
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== ":") {
    if (cursor.at < cursor.text.length) cursor.malformed = true;
    return null;
  }
  cursor.at += 1;
  take(cursor, SPACE);
  return key;
};

const readString = (cursor: Cursor, place: Place): { readonly value: string; readonly cut: boolean } => {
  const { text } = cursor;
  const open = text[cursor.at] ?? "";
  const close = CLOSING[open] ?? open;
  const parts: string[] = [];
  cursor.at += 1;
  while (cursor.at < text.length) {
    const sign = text[cursor.at] ?? "";
    if (sign === "\\") {
      parts.push(readEscape(cursor));
      continue;
    }
    cursor.at += 1;
    if (sign === close && (!cursor.guessQuotes || endsString(cursor, place)))
      return { value: parts.join(""), cut: false };
    parts.push(sign);
  }
  return { value: parts.join(""), cut: true };
};

const endsString = (cursor: Cursor, place: Place): boolean =>
  looksAt(cursor, AFTER_STRING) || looksAt(cursor, place === "item" ? NEXT_ITEM : NEXT_KEY);

const looksAt = ({ text, at }: Cursor, pattern: RegExp): boolean => {
  pattern.lastIndex = at;
  return pattern.test(text);
};

/** An escape; one that JSON does not know stands for itself, as in a regular expression. */
const readEscape = (cursor: Cursor): string => {
  const sign = cursor.text[cursor.at + 1] ?? "";
  const hex = /^[\da-f]{4}$/i.exec(cursor.text.slice(cursor.at + 2, cursor.at + 6))?.[0];
  if (sign === "u" && hex !== undefined) {
    cursor.at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
  cursor.at += 2;
  if (/["'\\/\n\u201c\u201d]/.test(sign)) return sign;
  return ESCAPES[sign] ?? `\\${sign}`;
};

const skipSeparators = (cursor: Cursor): void => {
  take(cursor, SPACE);
  while (take(cursor, SEPARATOR) !== "") take(cursor, SPACE);
};

const take = (cursor: Cursor, pattern: RegExp): string => {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? "";
  cursor.at += found.length;
  return found;
};
