import type { Json } from "../../base/json.ts";
import { type Exact, parseExact, plainOf, WholeFloat } from "../exact.ts";
import { parsePythonFloat } from "../python-number.ts";
import {
  exactVariable,
  isJsonArray,
  isJsonObject,
  type ValueType,
  type Variable,
  variableAs,
} from "../value-type.ts";
import { ownValue } from "../own-value.ts";

const parseText = (text: string): Exact | undefined => {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
};

const ITEM_TESTS: Readonly<Record<string, (item: Json) => boolean>> = {
  "array[number]": (item) => typeof item === "number",
  "array[string]": (item) => typeof item === "string",
  "array[object]": isJsonObject,
  "array[boolean]": (item) => typeof item === "boolean",
  "array[any]": () => true,
  "array[file]": isJsonObject,
};

const ARRAY_TYPES: Readonly<Record<string, ValueType>> = {
  "array[number]": "array[number]",
  "array[string]": "array[string]",
  "array[object]": "array[object]",
  "array[boolean]": "array[boolean]",
  "array[any]": "array[any]",
  "array[file]": "array[file]",
};

const readNumber = (value: Exact): Variable | undefined =>
  typeof value === "number" || typeof value === "bigint" || value instanceof WholeFloat
    ? exactVariable(value)
    : undefined;

/**
 * A value of a type that the file states beside it; texts are read as JSON where the type asks for
 * more than a text. Undefined when the value does not fit the type.
 */
export const readStatedValue = (type: string, value: Exact): Variable | undefined => {
  if (type === "string" || type === "secret") {
    return typeof value === "string" ? variableAs("string", value) : undefined;
  }
  if (type === "number" || type === "integer" || type === "float") return readNumber(value);
  const exact = typeof value === "string" ? parseText(value) : value;
  if (exact === undefined) return undefined;
  const parsed = plainOf(exact);
  if (type === "boolean") return typeof parsed === "boolean" ? variableAs("boolean", parsed) : undefined;
  if (type === "object") return isJsonObject(parsed) ? exactVariable(exact, "object") : undefined;
  const arrayType = ownValue(ARRAY_TYPES, type);
  const test = ownValue(ITEM_TESTS, type);
  if (arrayType === undefined || test === undefined) return undefined;
  return isJsonArray(parsed) && parsed.every(test) ? exactVariable(exact, arrayType) : undefined;
};

/** What a variable of a stated type holds when the file gives no value. */
export const emptyStatedValue = (type: string): Variable => {
  const arrayType = ownValue(ARRAY_TYPES, type);
  if (arrayType !== undefined) return variableAs(arrayType, []);
  if (type === "object") return variableAs("object", {});
  if (type === "boolean") return variableAs("boolean", false);
  if (type === "number" || type === "integer") return variableAs("integer", 0);
  return type === "float" ? variableAs("float", 0) : variableAs("string", "");
};

/**
 * A stand-in output under `default-value`. Dify reads a number that is written as a text as a float, so
 * that `1` becomes `1.0`.
 */
export const readDefaultValue = (type: string, value: Exact): Variable | undefined => {
  if (type === "number" && typeof value === "string") {
    const number = parsePythonFloat(value);
    return number === undefined ? undefined : variableAs("float", number);
  }
  return readStatedValue(type, value);
};
