import type { Json, JsonObject } from "../base/json.ts";
import { numberText } from "../base/model-json/json-number.ts";
import {
  type Exact,
  exactEntries,
  type ExactNumber,
  isExactArray,
  isExactNumber,
  isExactObject,
  magnitudeOf,
  WholeFloat,
} from "./exact.ts";
import { exactOf, type Variable, variableOf } from "./value-type.ts";

/**
 * The text of a variable as Dify puts it into prompts and answers, which is Python's: `True`, `1.0`,
 * null as the empty text; objects and lists of strings as JSON with `", "` and `": "` and Unicode left
 * alone; other lists as Python's `repr`; an empty list and files as the empty text.
 */
export const textOfVariable = (variable: Variable): string => {
  const { type } = variable;
  const value = exactOf(variable);
  switch (type) {
    case "none":
    case "file":
    case "array[file]":
      return "";
    case "object":
      return pythonJson(value);
    case "array[string]":
      return isTruthy(variable.value) ? pythonJson(value) : "";
    case "array[any]":
    case "array[number]":
    case "array[object]":
    case "array[boolean]":
      return isTruthy(variable.value) ? pythonStr(value) : "";
    case "integer":
    case "float":
    case "string":
    case "boolean":
      return pythonStr(value);
    default:
      return type satisfies never;
  }
};

/** The text of a bare value, see {@link textOfVariable}. */
export const textOfValue = (value: Json): string => textOfVariable(variableOf(value));

const exactNumberText = (value: ExactNumber): string => {
  if (typeof value === "bigint") return String(value);
  return value instanceof WholeFloat ? numberText(value.value, true) : numberText(value);
};

/** Python's `json.dumps(value, ensure_ascii=False)`, with NaN and the infinities as it writes them. */
export const pythonJson = (value: Exact): string => {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (isExactNumber(value)) return exactNumberText(value);
  if (isExactArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${exactEntries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`)
    .join(", ")}}`;
};

/** Python's `str(value)`: texts as they are, everything else as `repr` writes it. */
export const pythonStr = (value: Exact): string => (typeof value === "string" ? value : pythonRepr(value));

/** Python's `repr(value)`, with null as `None`. */
export const pythonRepr = (value: Exact): string => {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (isExactNumber(value)) return exactNumberText(value);
  if (typeof value === "string") return stringRepr(value);
  if (isExactArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  return `{${exactEntries(value)
    .map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`)
    .join(", ")}}`;
};

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** What Python's `str.isprintable` refuses: controls, formats, surrogates, unassigned, odd spaces. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const escapeCharacter = (character: string, quote: string): string => {
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  if (character === quote) return `\\${quote}`;
  if (!UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
};

const stringRepr = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `${quote}${Array.from(text, (character) => escapeCharacter(character, quote)).join("")}${quote}`;
};

/** The variables of a node as its events show them: plain values by name. */
export const plainValues = (variables: Readonly<Record<string, Variable>>): JsonObject =>
  Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variable.value]));

/** Whether Python counts a value as true: not null, not empty, not zero. */
export const isTruthy = (value: Exact): boolean => {
  if (isExactNumber(value)) return Number.isNaN(value) || Boolean(magnitudeOf(value));
  if (isExactArray(value)) return value.length > 0;
  if (isExactObject(value)) return exactEntries(value).length > 0;
  return Boolean(value);
};
