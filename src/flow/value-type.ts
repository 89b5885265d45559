import type { Json, JsonObject } from "../base/json.ts";
import { type Exact, type ExactObject, isPlain, plainOf, WholeFloat } from "./exact.ts";

/** The types that Dify tells apart at run time. Numbers are exposed as `number`, but print differently. */
export type ValueType =
  | "none"
  | "string"
  | "integer"
  | "float"
  | "boolean"
  | "object"
  | "file"
  | "array[any]"
  | "array[string]"
  | "array[number]"
  | "array[object]"
  | "array[file]"
  | "array[boolean]";

/**
 * A value with its type. The type says what JSON cannot: that a whole number is a float to Python
 * (`1.0`), and what an empty list is a list of.
 */
export type Variable = {
  readonly type: ValueType;
  /** The value as events and conditions on texts see it. What takes the value on uses {@link exactOf}. */
  readonly value: Json;
  /** The value with the numbers inside that JSON and JavaScript lose; left out where there are none. */
  readonly exact?: Exact;
};

/** Marks an object as a file, as Dify's own serialised files do. */
export const FILE_IDENTITY = "__dify__file__";

/** Whether a value is an object of keys and values, as opposed to a list or a scalar. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is a list. */
export const isJsonArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const isFile = (value: JsonObject): boolean => value["dify_model_identity"] === FILE_IDENTITY;

const ARRAY_OF: Readonly<Partial<Record<ValueType, ValueType>>> = {
  string: "array[string]",
  integer: "array[number]",
  float: "array[number]",
  object: "array[object]",
  file: "array[file]",
  boolean: "array[boolean]",
};

const arrayTypeOf = (items: readonly Json[]): ValueType => {
  const types = new Set(items.map((item) => ARRAY_OF[typeOfValue(item)] ?? "array[any]"));
  const [only] = types;
  return types.size === 1 && only !== undefined ? only : "array[any]";
};

/**
 * The type of a value as Dify infers it: a list has the type of its elements when they agree (integers
 * and floats do), else it is `array[any]`; so are an empty list and a list of lists.
 */
export const typeOfValue = (value: Json): ValueType => {
  if (value === null) return "none";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
  if (isJsonArray(value)) return arrayTypeOf(value);
  return isJsonObject(value) && isFile(value) ? "file" : "object";
};

/** Whether a type is one of the lists. */
export const isArrayType = (type: ValueType): boolean => type.startsWith("array[");

/** A variable of an inferred type. */
export const variableOf = (value: Json): Variable => ({ type: typeOfValue(value), value });

/** A variable of a stated type, which the value must fit (a whole float, an empty list of strings). */
export const variableAs = (type: ValueType, value: Json): Variable => ({ type, value });

/** A variable of an exact value; its type is inferred where none is stated. */
export const exactVariable = (exact: Exact, stated?: ValueType): Variable => {
  if (isPlain(exact)) return { type: stated ?? typeOfValue(exact), value: exact };
  const value = plainOf(exact);
  return { type: stated ?? (exact instanceof WholeFloat ? "float" : typeOfValue(value)), value, exact };
};

/** Variables as a node's outcome gives them. */
export const outputsOf = (
  variables: Readonly<Record<string, Variable>>,
): {
  readonly outputs: JsonObject;
  readonly types: Readonly<Record<string, ValueType>>;
  readonly exact: Readonly<Record<string, Exact>>;
} => {
  const entries = Object.entries(variables);
  return {
    outputs: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    types: Object.fromEntries(entries.map(([name, { type }]) => [name, type])),
    exact: Object.fromEntries(
      entries.flatMap(([name, { exact }]) => (exact === undefined ? [] : [[name, exact]])),
    ),
  };
};

/** Exact values as a node's outcome gives them, see {@link exactVariable}. */
export const exactOutputs = (values: ExactObject): ReturnType<typeof outputsOf> =>
  outputsOf(
    Object.fromEntries(Object.entries<Exact>(values).map(([name, value]) => [name, exactVariable(value)])),
  );

/** A variable's value with every number as Python has it. */
export const exactOf = ({ type, value, exact }: Variable): Exact => {
  if (exact !== undefined) return exact;
  return type === "float" && typeof value === "number" && Number.isInteger(value)
    ? new WholeFloat(value)
    : value;
};
