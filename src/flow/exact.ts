import { z } from "zod";
import type { Json } from "../base/json.ts";
import { type JsonNode, type ObjectNode, ownEntries } from "../base/model-json/json-node.ts";
import { readStrictJson } from "../base/model-json/strict-json.ts";
import { NodeError } from "./node-error.ts";
import { flowMessage } from "./messages/message.ts";

/** A float without a fraction, which Python prints as `5.0`; JavaScript's 5 is the integer, too. */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/**
 * A value as Python has it: JSON, but whole floats are `WholeFloat`, and integers that JavaScript's numbers do not hold
 * are bigints.
 */
export type Exact =
  | null
  | boolean
  | number
  | bigint
  | string
  | WholeFloat
  | readonly Exact[]
  | { readonly [key: string]: Exact };

/** Exact values by name. */
export type ExactObject = { readonly [key: string]: Exact };

/** Whether a value is a list. */
export const isExactArray = (value: Exact): value is readonly Exact[] => Array.isArray(value);

/** The keys and values of an object; none of anything else. */
export const exactEntries = (value: Exact): readonly (readonly [string, Exact])[] =>
  isExactObject(value) ? Object.entries<Exact>(value) : [];

/** Whether a value is an object of keys and values. */
export const isExactObject = (value: Exact | undefined): value is ExactObject =>
  typeof value === "object" && value !== null && !isExactArray(value) && !(value instanceof WholeFloat);

/** A number in one of its forms. */
export type ExactNumber = number | bigint | WholeFloat;

/** Whether a value is a number; truth values are none. */
export const isExactNumber = (value: Exact): value is ExactNumber =>
  typeof value === "number" || typeof value === "bigint" || value instanceof WholeFloat;

/** What a number counts as: JavaScript compares its numbers and bigints as Python does, without rounding. */
export const magnitudeOf = (value: ExactNumber): number | bigint =>
  value instanceof WholeFloat ? value.value : value;

/** Python's `==` of numbers, which compares integers and floats without rounding either. */
export const isSameNumber = (one: number | bigint, other: number | bigint): boolean => {
  if (typeof one === typeof other) return one === other;
  const hasFraction = [one, other].some((value) => typeof value === "number" && !Number.isInteger(value));
  return !hasFraction && BigInt(one) === BigInt(other);
};

/** An integer in the form that it has here: a plain number as long as it is held without rounding. */
export const exactInteger = (value: bigint): number | bigint => {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
};

/** A float in the form that it has here. */
export const exactFloat = (value: number): number | WholeFloat =>
  Number.isInteger(value) ? new WholeFloat(value) : value;

/** The exact value that {@link withExactValue} puts beside a plain one. */
export const ExactValue = z.custom<Exact | undefined>(() => true).optional();

type Part = bigint | WholeFloat;

/** Where a container read from a file keeps the exact numbers that its plain numbers stand for, by key or index. */
const PARTS = Symbol("exact numbers");

const partsOf = (container: unknown): ReadonlyMap<string, Part> | undefined => {
  if (typeof container !== "object" || container === null || !(PARTS in container)) return undefined;
  return container[PARTS] instanceof Map ? container[PARTS] : undefined;
};

/**
 * Puts plain numbers in the place of exact ones, in place; each container keeps the exact ones beside it, where
 * {@link exactAt} finds them. Throws NodeError when aliases make more than `limit` values of the file.
 */
export const separateExact = (root: unknown, limit: number): void => {
  let left = limit;
  const visit = (container: object): void => {
    const parts = new Map<string, Part>();
    const entries: readonly (readonly [string, unknown])[] = Object.entries(container);
    for (const [key, value] of entries) {
      left -= 1;
      if (left < 0) throw new NodeError(flowMessage("flow.file.yaml-too-many-values"));
      if (typeof value === "bigint" || value instanceof WholeFloat) {
        parts.set(key, value);
        Object.assign(container, { [key]: typeof value === "bigint" ? Number(value) : value.value });
      } else if (typeof value === "object" && value !== null) visit(value);
    }
    if (parts.size > 0) Object.defineProperty(container, PARTS, { value: parts });
  };
  if (typeof root === "object" && root !== null) visit(root);
};

/** Reads an entry of a list or an object with its `value` exact, under the key `exact`. */
export const withExactValue = (entry: unknown): unknown => {
  if (typeof entry !== "object" || entry === null) return entry;
  return { ...entry, exact: exactAt(entry, "value") };
};

const restore = (value: unknown): Exact => {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  const parts = partsOf(value);
  const exactItem = (key: string, item: unknown): Exact => parts?.get(key) ?? restore(item);
  if (Array.isArray(value)) return value.map((item: unknown, index) => exactItem(String(index), item));
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, exactItem(key, item)]));
};

/** The exact value at a key of a container that was read from a file; undefined where the plain value says it all. */
export const exactAt = (container: unknown, key: string): Exact | undefined => {
  const part = partsOf(container)?.get(key);
  if (part !== undefined) return part;
  if (typeof container !== "object" || container === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(container, key)?.value;
  if (typeof value !== "object" || value === null) return undefined;
  const exact = restore(value);
  return isPlain(exact) ? undefined : exact;
};

/** A container with its long integers as texts of all their digits, for ids that were written without quotes. */
export const longIntegersAsTexts = (container: unknown): unknown => {
  const texts = Object.fromEntries(
    [...(partsOf(container) ?? [])].flatMap(([key, part]) =>
      typeof part === "bigint" ? [[key, part.toString()] as const] : [],
    ),
  );
  const isPlainContainer = Object.keys(texts).length === 0;
  if (isPlainContainer || typeof container !== "object" || container === null) return container;
  return Array.isArray(container)
    ? container.map((item: unknown, index) => texts[index] ?? item)
    : { ...container, ...texts };
};

/** The plain value of an exact one; a value that is plain stays the same value. */
export const plainOf = (value: Exact): Json => (isPlain(value) ? value : roundNumbers(value));

const roundNumbers = (value: Exact): Json => {
  if (value instanceof WholeFloat) return value.value;
  if (typeof value === "bigint") return Number(value);
  if (isExactArray(value)) return value.map(roundNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(exactEntries(value).map(([key, item]) => [key, roundNumbers(item)]));
};

/** Whether a value holds no number that JSON and JavaScript lose: whole floats, long integers, NaN, infinities. */
export const isPlain = (value: Exact): value is Json => {
  if (typeof value === "number") return Number.isFinite(value);
  if (value instanceof WholeFloat || typeof value === "bigint") return false;
  if (value === null || typeof value !== "object") return true;
  return Object.values<Exact>(value).every(isPlain);
};

/** A value as Dify sends it to a sandbox: null in the place of NaN and the infinities. */
export const sandboxValue = (value: Exact): Exact => {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (isExactArray(value)) return value.map(sandboxValue);
  if (!isExactObject(value)) return value;
  return Object.fromEntries(exactEntries(value).map(([key, item]) => [key, sandboxValue(item)]));
};

/** An exact number as it was written; plain numbers stay plain. */
const numberOf = (value: number, source: string): Exact => {
  if (/[.eE]/.test(source)) return exactFloat(value);
  // Adding 0 makes 0 of -0, which is no integer of its own.
  if (Number.isSafeInteger(value)) return value + 0;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
};

/** The exact entries of an object that was read. Of entries with the same key the last one counts. */
export const objectOfNode = (node: ObjectNode): ExactObject =>
  Object.fromEntries(ownEntries(node).map(([key, value]) => [key, exactOfNode(value)]));

/** The exact value of what was read of a damaged or valid JSON text. */
export const exactOfNode = (node: JsonNode): Exact => {
  switch (node.kind) {
    case "number":
      return numberOf(node.value, node.text);
    case "array":
      return node.items.map(exactOfNode);
    case "object":
      return objectOfNode(node);
    case "scalar":
      return node.value;
    default:
      return node satisfies never;
  }
};

declare global {
  /** The reviver of ECMAScript 2026 sees the source text of numbers; TypeScript does not know it yet. */
  interface JSON {
    parse(
      text: string,
      reviver: ((key: string, value: Exact, context: { readonly source?: string }) => Exact) | null,
    ): Exact;
  }
}

/** Found, perhaps in a string, in every text with a number that JSON.parse alone changes. */
const INEXACT = /\d\.0|\d[eE]|-0|\d{16}|[\d.]{17}/;

const reviveNumber = (_key: string, value: Exact, { source }: { readonly source?: string }): Exact =>
  typeof value === "number" && source !== undefined ? numberOf(value, source) : value;

/**
 * Parses JSON as Python does: whole floats and long integers are kept, and `NaN`, `Infinity` and `-Infinity` are numbers.
 * Throws a SyntaxError where the text is none.
 */
export const parseExact = (text: string): Exact => {
  try {
    return JSON.parse(text, INEXACT.test(text) ? reviveNumber : null);
  } catch (error) {
    const node = /NaN|Infinity/.test(text) ? readStrictJson(text) : null;
    if (node === null) throw error;
    return exactOfNode(node);
  }
};
