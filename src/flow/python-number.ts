import { exactFloat, exactInteger, type ExactNumber, magnitudeOf, WholeFloat } from "./exact.ts";
import { NodeError } from "./node-error.ts";
import { pythonRepr } from "./value-text.ts";
import { flowMessage } from "./messages/message.ts";

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;

const isDigit = (code: number): boolean => /^\p{Nd}$/u.test(String.fromCodePoint(code));

/** A decimal digit of any script by what it counts: the digits of a script stand side by side, from zero to nine. */
const digitOf = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  let before = 0;
  while (isDigit(code - before - 1)) before += 1;
  return String(before % 10);
};

/** Python's numbers may be written in the digits of any script. */
const asciiDigits = (text: string): string => text.replaceAll(/(?![0-9])\p{Nd}/gu, digitOf);

/** Python's `float(text)`; undefined when the text is no number. */
export const parsePythonFloat = (text: string): number | undefined => {
  const trimmed = asciiDigits(text.trim());
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll("_", ""));
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === "nan") return Number.NaN;
  return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** Python's `int(text)`; undefined when the text is no integer. */
export const parsePythonInteger = (text: string): number | bigint | undefined => {
  const trimmed = asciiDigits(text.trim());
  if (!INTEGER.test(trimmed)) return undefined;
  const digits = trimmed.replaceAll("_", "");
  // BigInt knows no plus sign.
  return exactInteger(BigInt(digits.replace(/^\+/, "")));
};

/** Python's `int(text)` with Python's complaint; throws {@link NodeError}. */
export const requirePythonInteger = (text: string): number | bigint => {
  const value = parsePythonInteger(text);
  if (value === undefined) {
    throw new NodeError(flowMessage("flow.node.not-an-integer", { text: pythonRepr(text) }));
  }
  return value;
};

/** Python's `float(text)` with Python's complaint; throws {@link NodeError}. */
export const requirePythonFloat = (text: string): number => {
  const value = parsePythonFloat(text);
  if (value === undefined)
    throw new NodeError(flowMessage("flow.node.not-a-float", { text: pythonRepr(text) }));
  return value;
};

/** The four operations that Dify's assigner knows. */
export type Arithmetic = "+" | "-" | "*" | "/";

const ON_INTEGERS: Readonly<Record<Exclude<Arithmetic, "/">, (left: bigint, right: bigint) => bigint>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
};

const ON_FLOATS: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

const isFloat = (value: ExactNumber): boolean =>
  value instanceof WholeFloat || (typeof value === "number" && !Number.isInteger(value));

const toFloat = (value: ExactNumber): number => {
  const float = Number(magnitudeOf(value));
  if (typeof value === "bigint" && !Number.isFinite(float)) {
    throw new NodeError(flowMessage("flow.node.integer-too-large"));
  }
  return float;
};

/** More bits than a float has, so that what is cut off behind them only has to say whether it is nothing. */
const QUOTIENT_BITS = 66;

const bitsOf = (value: bigint): number => value.toString(2).length;

/** The float next to the quotient of two positive integers, as Python's `/` gives it. */
const divideIntegers = (dividend: bigint, divisor: bigint): number => {
  const shift = Math.max(0, QUOTIENT_BITS + bitsOf(divisor) - bitsOf(dividend));
  const scaled = dividend << BigInt(shift);
  const rest = scaled % divisor === 0n ? 0n : 1n;
  return Number((scaled / divisor) | rest) / 2 ** shift;
};

const divide = (left: bigint, right: bigint): number => {
  const [dividend, divisor] = [left < 0n ? -left : left, right < 0n ? -right : right];
  const quotient = divideIntegers(dividend, divisor);
  if (!Number.isFinite(quotient)) throw new NodeError(flowMessage("flow.node.quotient-too-large"));
  return left < 0n === right < 0n ? quotient : -quotient;
};

/**
 * Python's arithmetic: a division or a float on either side makes a float, whole or not; integers have no end. The
 * right side of a division is not zero. Throws {@link NodeError} where Python overflows.
 */
export const calculate = (left: ExactNumber, operation: Arithmetic, right: ExactNumber): ExactNumber => {
  if (isFloat(left) || isFloat(right)) return exactFloat(ON_FLOATS[operation](toFloat(left), toFloat(right)));
  const [one, other] = [BigInt(magnitudeOf(left)), BigInt(magnitudeOf(right))];
  return operation === "/"
    ? exactFloat(divide(one, other))
    : exactInteger(ON_INTEGERS[operation](one, other));
};
