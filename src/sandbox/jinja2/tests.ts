import { bindArguments, required } from "./arguments.ts";
import { compare, isEqual } from "./compare.ts";
import type { Test } from "./environment.ts";
import { applyArithmetic, isIn } from "./operators.ts";
import { str } from "./print.ts";
import { integerOf, numberOf, textOf } from "./types.ts";
import {
  PyCallable,
  PyDict,
  PyIterator,
  PyList,
  PyMarkup,
  PyObject,
  PyRange,
  PyTuple,
  PyUndefined,
  PyView,
} from "./values.ts";
import type { PyValue } from "./values.ts";

const withOther =
  (name: string, body: (value: PyValue, other: PyValue) => boolean): Test =>
  (value, args) =>
    body(value, required(name, "other", bindArguments(name, ["other"], args)[0]));

const remainderIs = (value: PyValue, divisor: PyValue, rest: bigint): boolean =>
  isEqual(applyArithmetic("%", value, divisor), rest);

const isSequence = (value: PyValue): boolean =>
  textOf(value) !== null ||
  [PyList, PyTuple, PyDict, PyRange, PyUndefined].some((kind) => value instanceof kind);

const isIterable = (value: PyValue): boolean =>
  isSequence(value) || value instanceof PyView || value instanceof PyIterator || value instanceof PyUndefined;

const isSame = (value: PyValue, other: PyValue): boolean => value === other;

const equal = withOther("eq", isEqual);
const unequal = withOther("ne", (value, other) => !isEqual(value, other));
const less = withOther("lt", (value, other) => compare(value, other, "<") < 0);
const lessOrEqual = withOther("le", (value, other) => compare(value, other, "<=") <= 0);
const greater = withOther("gt", (value, other) => compare(value, other, ">") > 0);
const greaterOrEqual = withOther("ge", (value, other) => compare(value, other, ">=") >= 0);

const hasCased = (text: string): boolean => text.toLowerCase() !== text.toUpperCase();

/** The tests that look at the value alone or at one other value; `filter` and `test` need the registry. */
export const TESTS: Readonly<Record<string, Test>> = {
  "!=": unequal,
  "<": less,
  "<=": lessOrEqual,
  "==": equal,
  ">": greater,
  ">=": greaterOrEqual,
  boolean: (value) => typeof value === "boolean",
  callable: (value) => value instanceof PyCallable || (value instanceof PyObject && value.call !== null),
  defined: (value) => !(value instanceof PyUndefined),
  divisibleby: withOther("divisibleby", (value, other) => remainderIs(value, other, 0n)),
  eq: equal,
  equalto: equal,
  escaped: (value) => value instanceof PyMarkup,
  even: (value) => remainderIs(value, 2n, 0n),
  false: (value) => value === false,
  float: (value) => typeof value === "number",
  ge: greaterOrEqual,
  greaterthan: greater,
  gt: greater,
  in: withOther("in", isIn),
  integer: (value) => typeof value === "bigint",
  iterable: isIterable,
  le: lessOrEqual,
  lessthan: less,
  lower: (value) => hasCased(str(value)) && str(value) === str(value).toLowerCase(),
  lt: less,
  mapping: (value) => value instanceof PyDict,
  ne: unequal,
  none: (value) => value === null,
  number: (value) => numberOf(value) !== null || integerOf(value) !== null,
  odd: (value) => remainderIs(value, 2n, 1n),
  sameas: withOther("sameas", isSame),
  sequence: isSequence,
  string: (value) => textOf(value) !== null,
  true: (value) => value === true,
  undefined: (value) => value instanceof PyUndefined,
  upper: (value) => hasCased(str(value)) && str(value) === str(value).toUpperCase(),
};
