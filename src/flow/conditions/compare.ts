import type { Json } from "../../base/json.ts";
import { NodeError } from "../node-error.ts";
import { parsePythonFloat, requirePythonFloat, requirePythonInteger } from "../python-number.ts";
import { isTruthy, pythonRepr, pythonStr } from "../value-text.ts";
import { isJsonArray, isJsonObject, typeOfValue, type ValueType } from "../value-type.ts";
import type { ComparisonOperator } from "./schema.ts";

const asNumber = (value: Json): Json => (typeof value === "boolean" ? Number(value) : value);

/** Python's `==`: deep, and with `True == 1`. */
export const pythonEquals = (left: Json, right: Json): boolean => {
  if (isJsonArray(left) && isJsonArray(right)) {
    return left.length === right.length && left.every((item, i) => pythonEquals(item, right[i] ?? null));
  }
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && pythonEquals(left[key] ?? null, right[key] ?? null))
    );
  }
  return asNumber(left) === asNumber(right);
};

const includes = (list: readonly Json[], wanted: Json): boolean =>
  list.some((item) => pythonEquals(item, wanted));

const PYTHON_CLASS: Readonly<Partial<Record<ValueType, string>>> = {
  none: "NoneType",
  string: "str",
  integer: "int",
  float: "float",
  boolean: "bool",
};

const pythonClass = (value: Json): string => {
  const type = typeOfValue(value);
  return `<class '${PYTHON_CLASS[type] ?? (isJsonArray(value) ? "list" : "dict")}'>`;
};

const contains = (value: Json, expected: Json): boolean => {
  if (!isTruthy(value)) return false;
  if (typeof value === "string") return value.includes(pythonStr(expected));
  if (isJsonArray(value)) return includes(value, expected);
  throw new NodeError("Invalid actual value type: string or array");
};

const edgeOf = (value: Json, expected: Json, edge: "startswith" | "endswith"): boolean => {
  if (!isTruthy(value)) return false;
  if (typeof value !== "string") throw new NodeError("Invalid actual value type: string");
  if (typeof expected !== "string") throw new NodeError(`Expected value must be a string for ${edge}`);
  return edge === "startswith" ? value.startsWith(expected) : value.endsWith(expected);
};

const isSame = (value: Json, expected: Json): boolean => {
  if (typeof value === "string" || typeof value === "boolean") return pythonEquals(value, expected);
  throw new NodeError("Invalid actual value type: string or boolean");
};

/** Equality converts the expected value to the type of the actual one, which fails for `int("5.0")`. */
const equalsNumber = (value: Json, expected: Json, isFloat: boolean): boolean => {
  if (typeof value === "boolean") {
    if (expected === null || typeof expected === "object") {
      throw new NodeError(`Cannot convert ${pythonClass(expected)} to bool`);
    }
    return value === Boolean(expected);
  }
  if (typeof value !== "number") throw new NodeError("Invalid actual value type: number or boolean");
  if (typeof expected === "boolean" || typeof expected === "number") return value === Number(expected);
  if (typeof expected !== "string") {
    throw new NodeError(`Cannot convert ${pythonClass(expected)} to ${isFloat ? "float" : "int"}`);
  }
  return value === (isFloat ? requirePythonFloat(expected) : requirePythonInteger(expected));
};

const difference = (value: Json, expected: Json): number => {
  if (typeof value !== "number" && typeof value !== "boolean") {
    throw new NodeError("Invalid actual value type: number");
  }
  if (typeof expected === "number" || typeof expected === "boolean") return Number(value) - Number(expected);
  if (typeof expected !== "string") throw new NodeError(`Cannot convert ${pythonClass(expected)} to number`);
  const number = parsePythonFloat(expected);
  if (number === undefined) throw new NodeError(`Cannot convert '${expected}' to number`);
  return Number(value) - number;
};

const isIn = (value: Json, expected: Json): boolean => {
  if (!isTruthy(value)) return false;
  if (!isJsonArray(expected)) throw new NodeError("Invalid expected value type: array");
  return includes(expected, value);
};

const hasAll = (value: Json, expected: Json): boolean => {
  const types = isJsonArray(expected) ? new Set(expected.map((item) => typeof item)) : new Set(["object"]);
  const isAlike = types.size === 0 || (types.size === 1 && (types.has("string") || types.has("boolean")));
  if (!isJsonArray(expected) || !isAlike) {
    throw new NodeError("all of operator expects homogeneous list of strings or booleans");
  }
  if (!isTruthy(value)) return false;
  if (isJsonArray(value)) return expected.every((item) => includes(value, item));
  if (typeof value !== "string") return false;
  return expected.every((item) => typeof item === "string" && value.includes(item));
};

const ifPresent = (value: Json, compare: () => boolean): boolean => value !== null && compare();

type Comparison = (value: Json, expected: Json, isFloat: boolean) => boolean;

const COMPARISONS: Readonly<Record<ComparisonOperator, Comparison>> = {
  contains,
  "not contains": (value, expected) => !contains(value, expected),
  "start with": (value, expected) => edgeOf(value, expected, "startswith"),
  "end with": (value, expected) => edgeOf(value, expected, "endswith"),
  is: (value, expected) => ifPresent(value, () => isSame(value, expected)),
  "is not": (value, expected) => ifPresent(value, () => !isSame(value, expected)),
  empty: (value) => !isTruthy(value),
  "not empty": (value) => isTruthy(value),
  in: isIn,
  "not in": (value, expected) => !isIn(value, expected),
  "all of": hasAll,
  "=": (value, expected, isFloat) => ifPresent(value, () => equalsNumber(value, expected, isFloat)),
  "≠": (value, expected, isFloat) => ifPresent(value, () => !equalsNumber(value, expected, isFloat)),
  ">": (value, expected) => ifPresent(value, () => difference(value, expected) > 0),
  "<": (value, expected) => ifPresent(value, () => difference(value, expected) < 0),
  "≥": (value, expected) => ifPresent(value, () => difference(value, expected) >= 0),
  "≤": (value, expected) => ifPresent(value, () => difference(value, expected) <= 0),
  null: (value) => value === null,
  "not null": (value) => value !== null,
  exists: (value) => value !== null,
  "not exists": (value) => value === null,
};

/**
 * Compares as Dify does, with Python's notions of equality, truth and numbers. Throws NodeError where
 * Dify fails the node: a comparison that the value's type does not have, a text that is no number.
 */
export const compareValues = (
  operator: ComparisonOperator,
  value: Json,
  expected: Json,
  isFloat = typeof value === "number" && !Number.isInteger(value),
): boolean => COMPARISONS[operator](value, expected, isFloat);

/** The expected value of a condition on a boolean: `true`, `false`, or a number in JSON's writing. */
export const toPythonBool = (value: Json): boolean => {
  if (typeof value === "boolean" || typeof value === "number") return Boolean(value);
  if (typeof value === "string" && /^\s*(?:true|false|-?\d+)\s*$/.test(value)) {
    return value.trim() === "true" || Number(value) > 0 || Number(value) < 0;
  }
  throw new NodeError(`unexpected value: type=${pythonClass(value)}, value=${pythonRepr(value)}`);
};
