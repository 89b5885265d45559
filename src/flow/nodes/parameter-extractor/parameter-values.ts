import type { Json, JsonObject } from "../../../base/json.ts";
import { parsePythonFloat, parsePythonInteger } from "../../python-number.ts";
import { pythonStr } from "../../value-text.ts";
import type { ValueType } from "../../value-type.ts";
import { isJsonArray, isJsonObject, typeOfValue } from "../../value-type.ts";
import { pythonType } from "../code/scalar-output.ts";
import type { Parameter, ParameterType } from "./schema.ts";
import { elementType } from "./schema.ts";

const fitsScalar = (type: string, value: Json): boolean => {
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  if (type === "object") return isJsonObject(value);
  return typeof value === "number" || typeof value === "boolean";
};

const fits = (type: ParameterType, value: Json): boolean => {
  const element = elementType(type);
  if (element === null) return fitsScalar(type, value);
  return isJsonArray(value) && value.every((item) => fitsScalar(element, item));
};

/** The type as Dify names it in messages; an empty list passes as one of numbers there. */
const typeName = (value: Json): string =>
  isJsonArray(value) && value.length === 0 ? "array[number]" : typeOfValue(value);

/** What is wrong with an extracted result in Dify's words, null when it is complete and of the right types. */
export const findProblem = (parameters: readonly Parameter[], result: JsonObject): string | null => {
  if (Object.keys(result).length !== parameters.length) return "Invalid number of parameters";
  for (const { name, type, required, options } of parameters) {
    if (required && !Object.hasOwn(result, name)) return `Parameter ${name} is required`;
    const value = result[name] ?? null;
    if (!fits(type, value)) {
      return `Invalid value for parameter ${name}, expected segment type: ${type}, actual_type: ${typeName(value)}, python_type: ${pythonType(value)}, value: ${pythonStr(value)}`;
    }
    const isOption = typeof value === "string" && (options ?? []).includes(value);
    if (type === "string" && (options ?? []).length > 0 && !isOption) {
      return `Invalid \`select\` value for parameter ${name}`;
    }
  }
  return null;
};

type Converted = { readonly value: Json; readonly type?: ValueType };

const toNumber = (value: Json): Converted | undefined => {
  if (typeof value === "boolean") return { value: Number(value) };
  if (typeof value === "number") return { value };
  if (typeof value !== "string") return undefined;
  if (!value.includes(".")) {
    const integer = parsePythonInteger(value);
    return integer === undefined ? undefined : { value: integer };
  }
  const float = parsePythonFloat(value);
  return float === undefined ? undefined : { value: float, type: "float" };
};

const toScalar = (type: string, value: Json): Converted | undefined => {
  if (type === "number") return toNumber(value);
  if (type === "string") return typeof value === "string" ? { value } : undefined;
  if (type === "object") return isJsonObject(value) ? { value } : undefined;
  if (typeof value === "boolean") return { value };
  return typeof value === "number" && Number.isInteger(value) ? { value: value !== 0 } : undefined;
};

const zeroOf = (type: ParameterType): Json => {
  if (type === "string") return "";
  return type === "number" ? 0 : false;
};

const convert = (type: ParameterType, value: Json | undefined): Converted => {
  const element = elementType(type);
  if (element === null) {
    return (value === undefined ? undefined : toScalar(type, value)) ?? { value: zeroOf(type) };
  }
  const items = isJsonArray(value) ? value : [];
  const kept = items.filter((item) => element !== "boolean" || typeof item === "boolean");
  const values = kept.flatMap((item) => {
    const converted = toScalar(element, item);
    return converted === undefined ? [] : [converted.value];
  });
  return { value: values, type: listType(type) };
};

const listType = (type: ParameterType): ValueType =>
  type === "string" || type === "number" || type === "boolean" ? "array[any]" : type;

/**
 * Brings a result into the declared types, as far as Dify does: numbers out of texts, nothing for what does not fit
 * inside a list, and the type's zero for what is missing. `types` holds what the values do not show.
 */
export const convertResult = (
  parameters: readonly Parameter[],
  result: JsonObject,
): { readonly values: JsonObject; readonly types: Readonly<Record<string, ValueType>> } => {
  const converted = parameters.map(
    ({ name, type }) =>
      [name, convert(type, Object.hasOwn(result, name) ? result[name] : undefined)] as const,
  );
  return {
    values: Object.fromEntries(converted.map(([name, { value }]) => [name, value])),
    types: Object.fromEntries(
      converted.flatMap(([name, { type }]) => (type === undefined ? [] : [[name, type]])),
    ),
  };
};
