import type { JsonNode } from "./json-node.ts";
import { numberNode } from "./json-number.ts";

/** Deeper values are refused, so that no text can exhaust the stack; Python's own limit is about the same. */
const MAX_DEPTH = 900;

const SPACE = /[ \t\n\r]*/y;
/** Everything but controls, `"` and `\`, and escapes. */
const STRING = /"[ !#-[\]-\u{10ffff}]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\u{10ffff}]*)*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null|NaN|-?Infinity/y;

/** `failed` collects the offsets of arrays and objects that are not whole. */
type Cursor = { readonly text: string; at: number; readonly failed: Set<number> | null };

/**
 * Reads a text that is JSON as Python's `json.loads` reads it (with `NaN` and `Infinity`); null when it is
 * not, or when it is nested deeper than {@link MAX_DEPTH}. Time is linear.
 */
export const readStrictJson = (text: string): JsonNode | null => {
  const cursor = { text, at: 0, failed: null };
  take(cursor, SPACE);
  const node = readValue(cursor, 0);
  take(cursor, SPACE);
  return cursor.at === text.length ? node : null;
};

/**
 * The value that starts at `start`, whatever follows it; null when it is not JSON. `end` is how far was read, and
 * `failed` remembers what is not whole from call to call, so that reading value by value stays linear.
 */
export const readStrictValue = (
  text: string,
  start: number,
  failed: Set<number>,
): { readonly node: JsonNode | null; readonly end: number } => {
  if (failed.has(start)) return { node: null, end: start };
  const cursor = { text, at: start, failed };
  const node = readValue(cursor, 0);
  return { node, end: cursor.at };
};

/** The string that starts at `start`, and where it ends; null when it is not JSON. */
export const readStrictString = (
  text: string,
  start: number,
): { readonly value: string; readonly end: number } | null => {
  STRING.lastIndex = start;
  const written = STRING.exec(text)?.[0];
  if (written === undefined) return null;
  const value: unknown = JSON.parse(written);
  return { value: String(value), end: start + written.length };
};

const take = (cursor: Cursor, pattern: RegExp): string => {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? "";
  cursor.at += found.length;
  return found;
};

const readValue = (cursor: Cursor, depth: number): JsonNode | null => {
  const start = cursor.at;
  const first = cursor.text[start] ?? "";
  if (first === "{" || first === "[") {
    const read = first === "{" ? readObject : readArray;
    const node = depth > MAX_DEPTH ? null : read(cursor, depth);
    if (node === null) cursor.failed?.add(start);
    return node;
  }
  if (first === '"') {
    const value = readString(cursor);
    return value === null ? null : { kind: "scalar", value, cut: false, start, end: cursor.at };
  }
  const word = take(cursor, WORD);
  if (word !== "") return wordNode(word, start, cursor.at);
  const number = take(cursor, NUMBER);
  return number === "" ? null : numberNode(number, start, cursor.at);
};

const wordNode = (word: string, start: number, end: number): JsonNode => {
  const place = { cut: false, start, end };
  if (/[NI]/.test(word)) {
    const value = Number(word);
    return { kind: "number", value, text: word, ...place };
  }
  return { kind: "scalar", value: word === "null" ? null : word === "true", ...place };
};

const readString = (cursor: Cursor): string | null => {
  const read = readStrictString(cursor.text, cursor.at);
  cursor.at = read?.end ?? cursor.at;
  return read?.value ?? null;
};

const readArray = (cursor: Cursor, depth: number): JsonNode | null => {
  const start = cursor.at;
  const items: JsonNode[] = [];
  cursor.at += 1;
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== "]") {
    do {
      take(cursor, SPACE);
      const item = readValue(cursor, depth + 1);
      if (item === null) return null;
      items.push(item);
      take(cursor, SPACE);
    } while (skip(cursor, ","));
  }
  return skip(cursor, "]") ? { kind: "array", items, cut: false, start, end: cursor.at } : null;
};

const readObject = (cursor: Cursor, depth: number): JsonNode | null => {
  const start = cursor.at;
  const entries = new Map<string, JsonNode>();
  cursor.at += 1;
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== "}") {
    do {
      take(cursor, SPACE);
      const key = readString(cursor);
      take(cursor, SPACE);
      if (key === null || !skip(cursor, ":")) return null;
      take(cursor, SPACE);
      const value = readValue(cursor, depth + 1);
      if (value === null) return null;
      entries.set(key, value);
      take(cursor, SPACE);
    } while (skip(cursor, ","));
  }
  return skip(cursor, "}")
    ? { kind: "object", entries: [...entries], cut: false, start, end: cursor.at }
    : null;
};

const skip = (cursor: Cursor, character: string): boolean => {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
};
