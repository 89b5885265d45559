import { numberText } from "../../../base/model-json/json-number.ts";
import {
  type Exact,
  type ExactNumber,
  isExactArray,
  isExactNumber,
  magnitudeOf,
  WholeFloat,
} from "../../exact.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

/** Dify's limits of what code nodes give out, at their defaults. */
export const CODE_LIMITS = {
  stringLength: 400_000,
  stringArrayLength: 30,
  objectArrayLength: 30,
  numberArrayLength: 1000,
  depth: 5,
  precision: 20,
} as const;

/** Dify's range of numbers is that of 64-bit integers but for the lowest: this number and its negative are refused. */
const RANGE_END = 2 ** 63;

/** What Python calls the type of a value. */
export const pythonTypeName = (value: Exact): string => {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  if (typeof value === "bigint") return "int";
  if (value instanceof WholeFloat) return "float";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return isExactArray(value) ? "list" : "dict";
};

/** How Python prints that type. */
export const pythonType = (value: Exact): string => `<class '${pythonTypeName(value)}'>`;

/** Whether a text has more than `limit` characters; pairs of surrogates count once. */
const isLonger = (value: string, limit: number): boolean => {
  if (value.length <= limit) return false;
  if (value.length > 2 * limit) return true;
  let pairs = 0;
  for (let at = 0; at < value.length; at += 1) {
    if ((value.codePointAt(at) ?? 0) <= 0xffff) continue;
    pairs += 1;
    at += 1;
  }
  return value.length - pairs > limit;
};

/** Checks a string's length in characters and takes NUL characters out. */
export const checkString = (value: string, path: string): string => {
  const { stringLength } = CODE_LIMITS;
  if (isLonger(value, stringLength)) {
    throw new NodeError(flowMessage("flow.code.text-too-long", { output: path, most: stringLength }));
  }
  return value.includes("\0") ? value.replaceAll("\0", "") : value;
};

const decimals = (value: number): number => {
  const [mantissa = "", exponent = "0"] = numberText(value).split("e");
  const places = (mantissa.split(".")[1] ?? "").replace(/0+$/, "").length;
  return Math.max(0, places - Number(exponent));
};

/** Checks a number's range and its decimals. */
export const checkNumber = (value: ExactNumber, path: string): ExactNumber => {
  const magnitude = magnitudeOf(value);
  if (magnitude >= RANGE_END || magnitude <= -RANGE_END) {
    throw new NodeError(flowMessage("flow.code.out-of-range", { output: path }));
  }
  if (typeof value === "number" && !Number.isInteger(value) && decimals(value) > CODE_LIMITS.precision) {
    throw new NodeError(flowMessage("flow.code.too-precise", { output: path, most: CODE_LIMITS.precision }));
  }
  return value;
};

/** Whether Python counts a value as a number: truth values are integers to it. */
export const isPythonNumber = (value: Exact): value is ExactNumber | boolean =>
  isExactNumber(value) || typeof value === "boolean";

/** A number as it is, a truth value as 1 or 0. */
export const numberOf = (value: ExactNumber | boolean): ExactNumber =>
  typeof value === "boolean" ? Number(value) : value;
