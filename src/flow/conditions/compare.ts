import { containsEach, containsText } from "../../base/contains-text.ts";
import {
  type Exact,
  isExactArray,
  isExactNumber,
  isExactObject,
  isSameNumber,
  magnitudeOf,
  plainOf,
  WholeFloat,
} from "../exact.ts";
import { NodeError } from "../node-error.ts";
import { parsePythonFloat, requirePythonFloat, requirePythonInteger } from "../python-number.ts";
import { isTruthy, pythonRepr, pythonStr } from "../value-text.ts";
import { typeOfValue, type ValueType } from "../value-type.ts";
import type { ComparisonOperator } from "./schema.ts";
import { flowMessage } from "../messages/message.ts";

/** Truth values are numbers to Python. */
const asNumber = (value: Exact): Exact => (typeof value === "boolean" ? Number(value) : value);

/** Python's `==`: deep, and with `True == 1`. */
const pythonEquals = (left: Exact, right: Exact): boolean => {
  if (isExactArray(left) && isExactArray(right)) {
    return left.length === right.length && left.every((item, i) => pythonEquals(item, right[i] ?? null));
  }
  if (isExactObject(left) && isExactObject(right)) {
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && pythonEquals(left[key] ?? null, right[key] ?? null))
    );
  }
  const [one, other] = [asNumber(left), asNumber(right)];
  if (isExactNumber(one) && isExactNumber(other)) return isSameNumber(magnitudeOf(one), magnitudeOf(other));
  return one === other;
};

const includes = (list: readonly Exact[], wanted: Exact): boolean =>
  list.some((item) => pythonEquals(item, wanted));

/**
 * One value for all that are equal to a text or a truth value in Python, so that long lists are looked up in a set. A
 * long integer, which loses digits here, is neither 0 nor 1.
 */
const scalarKey = (value: Exact): Exact => {
  const scalar = asNumber(value);
  return isExactNumber(scalar) ? Number(magnitudeOf(scalar)) : scalar;
};

const PYTHON_CLASS: Readonly<Partial<Record<ValueType, string>>> = {
  none: "NoneType",
  string: "str",
  integer: "int",
  float: "float",
  boolean: "bool",
};

const isFloat = (value: Exact): boolean =>
  value instanceof WholeFloat || (typeof value === "number" && !Number.isInteger(value));

const pythonClass = (value: Exact): string => {
  const type = isFloat(value) ? "float" : typeOfValue(plainOf(value));
  return `<class '${PYTHON_CLASS[type] ?? (isExactArray(value) ? "list" : "dict")}'>`;
};

/** A comparison that takes values of one type or two. */
const wrongActual = (left: string, right?: string): NodeError => {
  const expected = right === undefined ? left : flowMessage("flow.value.either", { left, right });
  return new NodeError(flowMessage("flow.condition.actual-type", { expected }));
};

const notConvertible = (value: string, type: string): NodeError =>
  new NodeError(flowMessage("flow.condition.not-convertible", { value, type }));

const contains = (value: Exact, expected: Exact): boolean => {
  if (!isTruthy(value)) return false;
  if (typeof value === "string") return containsText(value, pythonStr(expected));
  if (isExactArray(value)) return includes(value, expected);
  throw wrongActual("string", "array");
};

const edgeOf = (value: Exact, expected: Exact, edge: "startswith" | "endswith"): boolean => {
  if (!isTruthy(value)) return false;
  if (typeof value !== "string") throw wrongActual("string");
  if (typeof expected !== "string")
    throw new NodeError(flowMessage("flow.condition.expected-not-text", { operator: edge }));
  return edge === "startswith" ? value.startsWith(expected) : value.endsWith(expected);
};

const isSame = (value: Exact, expected: Exact): boolean => {
  if (typeof value === "string" || typeof value === "boolean") return pythonEquals(value, expected);
  throw wrongActual("string", "boolean");
};

/** Equality converts the expected value to the type of the actual one, which fails for `int("5.0")`. */
const equalsNumber = (value: Exact, expected: Exact): boolean => {
  if (typeof value === "boolean") {
    if (expected === null || isExactArray(expected) || isExactObject(expected)) {
      throw notConvertible(pythonClass(expected), "bool");
    }
    return value === isTruthy(expected);
  }
  if (!isExactNumber(value)) throw wrongActual("number", "boolean");
  const magnitude = magnitudeOf(value);
  if (typeof expected === "boolean") return isSameNumber(magnitude, Number(expected));
  if (isExactNumber(expected)) return isSameNumber(magnitude, magnitudeOf(expected));
  if (typeof expected !== "string") {
    throw notConvertible(pythonClass(expected), isFloat(value) ? "float" : "int");
  }
  return isSameNumber(
    magnitude,
    isFloat(value) ? requirePythonFloat(expected) : requirePythonInteger(expected),
  );
};

/** What Dify compares by order: an expected text is always read as a float. */
const orderedPair = (value: Exact, expected: Exact): readonly [number | bigint, number | bigint] => {
  const actual = numberOf(value);
  if (actual === undefined) throw wrongActual("number");
  const wanted = typeof expected === "string" ? parsePythonFloat(expected) : numberOf(expected);
  if (wanted !== undefined) return [actual, wanted];
  throw notConvertible(typeof expected === "string" ? `'${expected}'` : pythonClass(expected), "number");
};

const numberOf = (value: Exact): number | bigint | undefined => {
  if (typeof value === "boolean") return Number(value);
  return isExactNumber(value) ? magnitudeOf(value) : undefined;
};

/** Compares by order; null has none. */
const ordered =
  (holds: (value: number | bigint, expected: number | bigint) => boolean): Comparison =>
  (value, expected) =>
    ifPresent(value, () => holds(...orderedPair(value, expected)));

const isIn = (value: Exact, expected: Exact): boolean => {
  if (!isTruthy(value)) return false;
  if (!isExactArray(expected)) throw new NodeError(flowMessage("flow.condition.expected-not-a-list"));
  return includes(expected, value);
};

const hasAll = (value: Exact, expected: Exact): boolean => {
  const types = isExactArray(expected) ? new Set(expected.map((item) => typeof item)) : new Set(["object"]);
  const isAlike = types.size === 0 || (types.size === 1 && (types.has("string") || types.has("boolean")));
  if (!isExactArray(expected) || !isAlike) {
    throw new NodeError(flowMessage("flow.condition.list-mixed"));
  }
  if (!isTruthy(value)) return false;
  if (isExactArray(value)) {
    const held = new Set(value.map(scalarKey));
    return expected.every((item) => held.has(scalarKey(item)));
  }
  if (typeof value !== "string") return false;
  const texts = expected.filter((item) => typeof item === "string");
  return texts.length === expected.length && containsEach(value, texts);
};

const ifPresent = (value: Exact, compare: () => boolean): boolean => value !== null && compare();

type Comparison = (value: Exact, expected: Exact) => boolean;

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
  "=": (value, expected) => ifPresent(value, () => equalsNumber(value, expected)),
  "≠": (value, expected) => ifPresent(value, () => !equalsNumber(value, expected)),
  ">": ordered((value, expected) => value > expected),
  "<": ordered((value, expected) => value < expected),
  "≥": ordered((value, expected) => value >= expected),
  "≤": ordered((value, expected) => value <= expected),
  null: (value) => value === null,
  "not null": (value) => value !== null,
  exists: (value) => value !== null,
  "not exists": (value) => value === null,
};

/**
 * Compares as Dify does, with Python's notions of equality, truth and numbers. Throws NodeError where
 * Dify fails the node: a comparison that the value's type does not have, a text that is no number.
 */
export const compareValues = (operator: ComparisonOperator, value: Exact, expected: Exact): boolean =>
  COMPARISONS[operator](value, expected);

/** The expected value of a condition on a boolean: `true`, `false`, or a number in JSON's writing. */
export const toPythonBool = (value: Exact): boolean => {
  if (typeof value === "boolean" || typeof value === "number") return Boolean(value);
  if (typeof value === "string" && /^\s*(?:true|false|-?\d+)\s*$/.test(value)) {
    return value.trim() === "true" || Number(value) > 0 || Number(value) < 0;
  }
  throw new NodeError(
    flowMessage("flow.condition.not-a-boolean", { type: pythonClass(value), value: pythonRepr(value) }),
  );
};
