import type { JsonNode } from "./json-node.ts";

const INTEGER = /^-?(?:0|[1-9]\d*)$/;

/** JSON writes numbers from here on with an exponent, which Python reads as a float. */
const FIRST_EXPONENT = 1e21;

const isPythonFloat = (value: number): boolean =>
  !Number.isInteger(value) || Math.abs(value) >= FIRST_EXPONENT;

/**
 * A number as Python prints it. Python writes floats with an exponent below 1e-4 and from 1e16 on,
 * JavaScript only from 1e21 on, and Python's exponents have two digits at least.
 */
export const numberText = (value: number, isFloat = isPythonFloat(value)): string => {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (!isFloat) return BigInt(value).toString();
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) {
    const plain = exponent < 0 ? plainSmall(value, mantissa, exponent) : String(value);
    return plain.includes(".") ? plain : `${plain}.0`;
  }
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
};

const plainSmall = (value: number, mantissa: string, exponent: number): string => {
  const digits = mantissa.replace("-", "").replace(".", "");
  return `${value < 0 ? "-" : ""}0.${"0".repeat(-exponent - 1)}${digits}`;
};

/** The node of a number that is written as JSON writes numbers. */
export const numberNode = (written: string, start: number, end: number): JsonNode => {
  const value = Number(written);
  const text = INTEGER.test(written) ? written.replace(/^-0$/, "0") : numberText(value, true);
  return {
    kind: "number",
    value: Object.is(value, -0) && text === "0" ? 0 : value,
    text,
    cut: false,
    start,
    end,
  };
};
