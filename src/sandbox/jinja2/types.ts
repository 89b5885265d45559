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

/** The name of a value's Python type. */
export const typeName = (value: PyValue): string => {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (value instanceof PyList) return "list";
  if (value instanceof PyTuple) return "tuple";
  if (value instanceof PyDict) return "dict";
  if (value instanceof PyMarkup) return "Markup";
  if (value instanceof PyUndefined) return "Undefined";
  if (value instanceof PyRange) return "range";
  if (value instanceof PyView) return `dict_${value.kind}`;
  if (value instanceof PyIterator) return "generator";
  if (value instanceof PyCallable) return "function";
  return value.typeName;
};

/** The text of a str or Markup, null of anything else. */
export const textOf = (value: PyValue | undefined): string | null =>
  typeof value === "string" ? value : value instanceof PyMarkup ? value.text : null;

/** The integer of an int or bool, null of anything else. */
export const integerOf = (value: PyValue | undefined): bigint | null =>
  typeof value === "bigint" ? value : typeof value === "boolean" ? (value ? 1n : 0n) : null;

/** An int, bool or float as a number that JavaScript counts with; null of anything else. */
export const numberOf = (value: PyValue | undefined): number | null => {
  if (typeof value === "number") return value;
  const integer = integerOf(value);
  return integer === null ? null : Number(integer);
};

/** An argument that has to be an int. */
export const expectInteger = (value: PyValue | undefined, fallback: number): number => {
  if (value === undefined) return fallback;
  if (value instanceof PyUndefined) throw value.fail();
  const integer = integerOf(value);
  if (integer === null)
    throw new PyError("TypeError", `'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(integer);
};

/** Whether Python takes the value as true. */
export const isTrue = (value: PyValue): boolean => {
  if (value === null || value instanceof PyUndefined) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return value !== 0n;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string") return value !== "";
  if (value instanceof PyMarkup) return value.text !== "";
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length > 0;
  if (value instanceof PyDict) return value.size > 0;
  if (value instanceof PyRange) return value.length > 0n;
  if (value instanceof PyView) return value.dict.size > 0;
  return true;
};

const SURROGATE = /[\uD800-\uDFFF]/;

/** The characters of a text as Python counts them: code points. */
export const charactersOf = (text: string): readonly string[] =>
  SURROGATE.test(text) ? Array.from(text) : text.split("");

/** How many characters Python counts in a text. */
export const textLength = (text: string): number =>
  SURROGATE.test(text) ? Array.from(text).length : text.length;

const MAX_LOOP = 2_000_000;

function* rangeValues(range: PyRange): Generator<PyValue> {
  for (let at = 0n, value = range.start; at < range.length; at += 1n, value += range.step) yield value;
}

/** Goes through a value as Python's `for` does. Throws what Python throws for values without items. */
export const iterate = (value: PyValue): Iterable<PyValue> => {
  const text = textOf(value);
  if (text !== null) return charactersOf(text);
  if (value instanceof PyList || value instanceof PyTuple) return value.items;
  if (value instanceof PyDict) return value.keys();
  if (value instanceof PyView) return value.values();
  if (value instanceof PyUndefined) return [];
  if (value instanceof PyRange) return rangeValues(value);
  if (value instanceof PyIterator) {
    const { source } = value;
    return { [Symbol.iterator]: () => ({ next: () => source.next() }) };
  }
  throw new PyError("TypeError", `'${typeName(value)}' object is not iterable`);
};

/** All items of a value at once. Throws a MemoryError above two million. */
export const listOf = (value: PyValue): PyValue[] => {
  const items: PyValue[] = [];
  for (const item of iterate(value)) {
    if (items.length >= MAX_LOOP) throw new PyError("MemoryError", `more than ${MAX_LOOP} items`);
    items.push(item);
  }
  return items;
};

/** Python's `len()`. */
export const lengthOf = (value: PyValue): number => {
  const text = textOf(value);
  if (text !== null) return textLength(text);
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length;
  if (value instanceof PyDict) return value.size;
  if (value instanceof PyView) return value.dict.size;
  if (value instanceof PyUndefined) return 0;
  if (value instanceof PyRange) return Number(value.length);
  throw new PyError("TypeError", `object of type '${typeName(value)}' has no len()`);
};
