import type { Filter } from "./environment.ts";
import { roundFloat } from "./exact-number.ts";
import { createFilter, textArgument } from "./filter-parts.ts";
import { expectInteger, integerOf, numberOf, textOf, typeName } from "./types.ts";
import { PyError, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

const FLOAT = /^[+-]?(?:\d[\d_]*\.?(?:\d[\d_]*)?|\.\d[\d_]*)(?:e[+-]?\d+)?$/i;

/** Python's `float(text)`, null when it would throw. */
const parseFloatText = (text: string): number | null => {
  const trimmed = text.trim();
  if (/^[+-]?(?:inf|infinity)$/i.test(trimmed)) return trimmed.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(trimmed)) return Number.NaN;
  return FLOAT.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : null;
};

const digitValue = (char: string): number => Number.parseInt(char, 36);

/** Python's `int(text, base)`, null when it would throw. */
const parseIntegerText = (text: string, base: number): bigint | null => {
  const match = /^([+-]?)(0[box])?([\da-z]+(?:_[\da-z]+)*)$/i.exec(text.trim());
  if (match === null) return null;
  const [, sign = "", prefix = "", digits = ""] = match;
  const bases: Readonly<Record<string, number>> = { "0b": 2, "0o": 8, "0x": 16 };
  const prefixBase = bases[prefix.toLowerCase()];
  if (prefixBase !== undefined && base !== 0 && base !== prefixBase) return null;
  const radix = BigInt(base === 0 ? (prefixBase ?? 10) : base);
  let value = 0n;
  for (const char of digits.replaceAll("_", "")) {
    const digit = digitValue(char);
    if (Number.isNaN(digit) || BigInt(digit) >= radix) return null;
    value = value * radix + BigInt(digit);
  }
  return sign === "-" ? -value : value;
};

const toInteger = (value: PyValue, base: number): bigint | null => {
  const integer = integerOf(value);
  if (integer !== null) return integer;
  const text = textOf(value);
  const number = text === null ? numberOf(value) : parseFloatText(text);
  if (text !== null) {
    const parsed = parseIntegerText(text, base);
    if (parsed !== null) return parsed;
  }
  return number === null || !Number.isFinite(number) ? null : BigInt(Math.trunc(number));
};

const toFloat = (value: PyValue): number | null => {
  const text = textOf(value);
  return text === null ? numberOf(value) : parseFloatText(text);
};

const abs = (value: PyValue): PyValue => {
  const integer = integerOf(value);
  if (integer !== null) return integer < 0n ? -integer : integer;
  if (typeof value === "number") return Math.abs(value);
  if (value instanceof PyUndefined) throw new PyError("TypeError", "bad operand type for abs(): 'Undefined'");
  throw new PyError("TypeError", `bad operand type for abs(): '${typeName(value)}'`);
};

const roundInteger = (value: bigint, precision: number): bigint => {
  if (precision >= 0) return value;
  const unit = 10n ** BigInt(Math.min(-precision, 1000));
  const rest = ((value % unit) + unit) % unit;
  const down = value - rest;
  if (rest * 2n > unit || (rest * 2n === unit && (down / unit) % 2n !== 0n)) return down + unit;
  return down;
};

const round = createFilter("round", ["precision", "method"], (value, [precision, method]) => {
  const digits = expectInteger(precision, 0);
  const name = textArgument(method, "common");
  if (!["common", "ceil", "floor"].includes(name))
    throw new PyError("FilterArgumentError", "method must be common, ceil or floor");
  const integer = integerOf(value);
  const number = numberOf(value);
  if (number === null) {
    if (value instanceof PyUndefined)
      throw new PyError("TypeError", "type Undefined doesn't define __round__ method");
    throw new PyError("TypeError", `type ${typeName(value)} doesn't define __round__ method`);
  }
  if (name === "common") return integer === null ? roundFloat(number, digits) : roundInteger(integer, digits);
  const scaled = number * 10 ** digits;
  return (name === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / 10 ** digits;
});

/** Filters over numbers. */
export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  abs,
  float: createFilter(
    "float",
    ["default"],
    (value, [fallback]) => toFloat(value) ?? (fallback === undefined ? 0 : fallback),
  ),
  int: createFilter(
    "int",
    ["default", "base"],
    (value, [fallback, base]) =>
      toInteger(value, expectInteger(base, 10)) ?? (fallback === undefined ? 0n : fallback),
  ),
  round,
};
