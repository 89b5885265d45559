import { isEqual } from "./compare.ts";
import { formatPercent } from "./percent-format.ts";
import { checkLength, escapeHtml, str } from "./print.ts";
import { integerOf, iterate, numberOf, textOf, typeName } from "./types.ts";
import { PyDict, PyError, PyList, PyMarkup, PyRange, PyTuple, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

/** The arithmetic operators of templates. */
export type ArithmeticSign = "+" | "-" | "*" | "/" | "//" | "%" | "**";

const MAX_BITS = 200_000;

const floorDivide = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

const zeroDivision = (sign: string, isFloat: boolean): PyError => {
  if (sign === "/")
    return new PyError("ZeroDivisionError", isFloat ? "float division by zero" : "division by zero");
  if (isFloat)
    return new PyError("ZeroDivisionError", sign === "%" ? "float modulo" : "float floor division by zero");
  return new PyError(
    "ZeroDivisionError",
    sign === "%" ? "integer modulo by zero" : "integer division or modulo by zero",
  );
};

const powInteger = (a: bigint, b: bigint): PyValue => {
  if (b < 0n) {
    if (a === 0n) throw new PyError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
    return Number(a) ** Number(b);
  }
  if (BigInt(a.toString(2).length) * b > BigInt(MAX_BITS))
    throw new PyError("MemoryError", "the number is too big");
  return a ** b;
};

const onIntegers = (sign: ArithmeticSign, a: bigint, b: bigint): PyValue => {
  switch (sign) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      return powInteger(a, b);
    case "/":
      if (b === 0n) throw zeroDivision(sign, false);
      return Number(a) / Number(b);
    case "//":
      if (b === 0n) throw zeroDivision(sign, false);
      return floorDivide(a, b);
    case "%":
      if (b === 0n) throw zeroDivision(sign, false);
      return a - floorDivide(a, b) * b;
  }
};

const onFloats = (sign: ArithmeticSign, a: number, b: number): PyValue => {
  if (b === 0 && (sign === "/" || sign === "//" || sign === "%")) throw zeroDivision(sign, true);
  switch (sign) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      if (a === 0 && b < 0)
        throw new PyError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
      return a ** b;
    case "/":
      return a / b;
    case "//":
      return Math.floor(a / b);
    case "%": {
      const rest = a % b;
      // A rest of zero has the sign of the divisor.
      if (rest === 0) return b < 0 ? -0 : 0;
      return rest < 0 !== b < 0 ? rest + b : rest;
    }
  }
};

const repeat = (value: PyValue, times: bigint): PyValue | undefined => {
  const count = times < 0n ? 0 : Number(times);
  const text = textOf(value);
  if (text !== null) {
    checkLength(text.length * count);
    return value instanceof PyMarkup ? new PyMarkup(text.repeat(count)) : text.repeat(count);
  }
  if (!(value instanceof PyList || value instanceof PyTuple)) return undefined;
  checkLength(value.items.length * count);
  const items = Array.from({ length: count }, () => value.items).flat();
  return value instanceof PyList ? new PyList(items) : new PyTuple(items);
};

const addOthers = (a: PyValue, b: PyValue): PyValue | undefined => {
  const [textA, textB] = [textOf(a), textOf(b)];
  if (textA !== null && textB !== null) {
    checkLength(textA.length + textB.length);
    if (!(a instanceof PyMarkup || b instanceof PyMarkup)) return textA + textB;
    return new PyMarkup(escaped(a, textA) + escaped(b, textB));
  }
  if (a instanceof PyList && b instanceof PyList) return new PyList([...a.items, ...b.items]);
  if (a instanceof PyTuple && b instanceof PyTuple) return new PyTuple([...a.items, ...b.items]);
  return undefined;
};

const escaped = (value: PyValue, text: string): string =>
  value instanceof PyMarkup ? text : escapeHtml(text);

const onOthers = (sign: ArithmeticSign, a: PyValue, b: PyValue): PyValue | undefined => {
  if (sign === "+") return addOthers(a, b);
  if (sign === "*") {
    const [timesA, timesB] = [integerOf(a), integerOf(b)];
    if (timesB !== null) return repeat(a, timesB);
    return timesA === null ? undefined : repeat(b, timesA);
  }
  const text = textOf(a);
  if (sign !== "%" || text === null) return undefined;
  return a instanceof PyMarkup ? new PyMarkup(formatPercent(text, b)) : formatPercent(text, b);
};

const unsupported = (sign: ArithmeticSign, a: PyValue, b: PyValue): PyError => {
  if (sign === "+" && textOf(a) !== null)
    return new PyError("TypeError", `can only concatenate str (not "${typeName(b)}") to str`);
  if (sign === "+" && (a instanceof PyList || a instanceof PyTuple))
    return new PyError(
      "TypeError",
      `can only concatenate ${typeName(a)} (not "${typeName(b)}") to ${typeName(a)}`,
    );
  if (sign === "*" && (textOf(a) !== null || a instanceof PyList))
    return new PyError("TypeError", `can't multiply sequence by non-int of type '${typeName(b)}'`);
  const name = sign === "**" ? "** or pow()" : sign;
  return new PyError(
    "TypeError",
    `unsupported operand type(s) for ${name}: '${typeName(a)}' and '${typeName(b)}'`,
  );
};

/** Python's arithmetic on two values. Throws the TypeError or ZeroDivisionError that Python throws. */
export const applyArithmetic = (sign: ArithmeticSign, a: PyValue, b: PyValue): PyValue => {
  const [integerA, integerB] = [integerOf(a), integerOf(b)];
  if (integerA !== null && integerB !== null) return onIntegers(sign, integerA, integerB);
  const [numberA, numberB] = [numberOf(a), numberOf(b)];
  if (numberA !== null && numberB !== null) return onFloats(sign, numberA, numberB);
  if (a instanceof PyUndefined) throw a.fail();
  if (b instanceof PyUndefined && sign !== "%") throw b.fail();
  const result = onOthers(sign, a, b);
  if (result === undefined) throw unsupported(sign, a, b);
  return result;
};

/** Python's unary minus and plus. */
export const applySign = (sign: "-" | "+", value: PyValue): PyValue => {
  const integer = integerOf(value);
  if (integer !== null) return sign === "-" ? -integer : integer;
  if (typeof value === "number") return sign === "-" ? -value : value;
  if (value instanceof PyUndefined) throw value.fail();
  throw new PyError("TypeError", `bad operand type for unary ${sign}: '${typeName(value)}'`);
};

/** Python's `in`. */
export const isIn = (item: PyValue, container: PyValue): boolean => {
  const text = textOf(container);
  if (text !== null) {
    const part = textOf(item);
    if (part !== null) return text.includes(part);
    throw new PyError("TypeError", `'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof PyDict) return container.has(item);
  if (container instanceof PyRange && typeof item === "bigint") return rangeHas(container, item);
  if (container === null || typeof container !== "object")
    throw new PyError("TypeError", `argument of type '${typeName(container)}' is not iterable`);
  for (const other of iterate(container)) if (isEqual(item, other)) return true;
  return false;
};

const rangeHas = (range: PyRange, item: bigint): boolean => {
  const steps = (item - range.start) / range.step;
  return steps >= 0n && steps < range.length && range.start + steps * range.step === item;
};

/** Jinja2's `~`: the texts of the values, one after another. */
export const concatenate = (values: readonly PyValue[]): string => {
  const text = values.map(str).join("");
  checkLength(text.length);
  return text;
};
