import { NodeError } from "./node-error.ts";
import { pythonRepr } from "./value-text.ts";

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;

/** Python's `float(text)`; undefined when the text is no number. */
export const parsePythonFloat = (text: string): number | undefined => {
  const trimmed = text.trim();
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll("_", ""));
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === "nan") return Number.NaN;
  return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** Python's `int(text)`; undefined when the text is no integer. */
export const parsePythonInteger = (text: string): number | undefined => {
  const trimmed = text.trim();
  return INTEGER.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : undefined;
};

/** Python's `int(text)` with Python's complaint; throws {@link NodeError}. */
export const requirePythonInteger = (text: string): number => {
  const value = parsePythonInteger(text);
  if (value === undefined) {
    throw new NodeError(`invalid literal for int() with base 10: ${pythonRepr(text)}`);
  }
  return value;
};

/** Python's `float(text)` with Python's complaint; throws {@link NodeError}. */
export const requirePythonFloat = (text: string): number => {
  const value = parsePythonFloat(text);
  if (value === undefined) throw new NodeError(`could not convert string to float: ${pythonRepr(text)}`);
  return value;
};
