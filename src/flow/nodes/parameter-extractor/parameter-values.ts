import {
  type Exact,
  exactFloat,
  type ExactObject,
  isExactArray,
  isExactNumber,
  isExactObject,
} from "../../exact.ts";
import { parsePythonFloat, parsePythonInteger } from "../../python-number.ts";
import { pythonStr } from "../../value-text.ts";
import type { ValueType } from "../../value-type.ts";
import { exactVariable, type Variable } from "../../value-type.ts";
import { pythonType } from "../code/scalar-output.ts";
import type { Parameter, ParameterType } from "./schema.ts";
import { elementType } from "./schema.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

const fitsScalar = (type: string, value: Exact): boolean => {
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  if (type === "object") return isExactObject(value);
  return isExactNumber(value) || typeof value === "boolean";
};

const fits = (type: ParameterType, value: Exact): boolean => {
  const element = elementType(type);
  if (element === null) return fitsScalar(type, value);
  return isExactArray(value) && value.every((item) => fitsScalar(element, item));
};

/** The type as Dify names it in messages; an empty list passes as one of numbers there. */
const typeName = (value: Exact): string =>
  isExactArray(value) && value.length === 0 ? "array[number]" : exactVariable(value).type;

/** What is wrong with an extracted result in Dify's words, null when it is complete and of the right types. */
export const findProblem = (parameters: readonly Parameter[], result: ExactObject): FlowMessage | null => {
  if (Object.keys(result).length !== parameters.length) return flowMessage("flow.parameters.count");
  for (const { name, type, required, options } of parameters) {
    if (required && !Object.hasOwn(result, name)) return flowMessage("flow.parameters.required", { name });
    const value = result[name] ?? null;
    if (!fits(type, value)) {
      return flowMessage("flow.parameters.value-invalid", {
        name,
        expected: type,
        actual: typeName(value),
        python: pythonType(value),
        value: pythonStr(value),
      });
    }
    const isOption = typeof value === "string" && (options ?? []).includes(value);
    if (type === "string" && (options ?? []).length > 0 && !isOption) {
      return flowMessage("flow.parameters.not-an-option", { name });
    }
  }
  return null;
};

type Converted = { readonly value: Exact; readonly type?: ValueType };

const toNumber = (value: Exact): Converted | undefined => {
  if (typeof value === "boolean") return { value: Number(value) };
  if (isExactNumber(value)) return { value };
  if (typeof value !== "string") return undefined;
  if (!value.includes(".")) {
    const integer = parsePythonInteger(value);
    return integer === undefined ? undefined : { value: integer };
  }
  const float = parsePythonFloat(value);
  return float === undefined ? undefined : { value: exactFloat(float) };
};

const toScalar = (type: string, value: Exact): Converted | undefined => {
  if (type === "number") return toNumber(value);
  if (type === "string") return typeof value === "string" ? { value } : undefined;
  if (type === "object") return isExactObject(value) ? { value } : undefined;
  if (typeof value === "boolean") return { value };
  if (typeof value === "bigint") return { value: true };
  return typeof value === "number" && Number.isInteger(value) ? { value: value !== 0 } : undefined;
};

const zeroOf = (type: ParameterType): Exact => {
  if (type === "string") return "";
  return type === "number" ? 0 : false;
};

const convert = (type: ParameterType, value: Exact | undefined): Converted => {
  const element = elementType(type);
  if (element === null) {
    return (value === undefined ? undefined : toScalar(type, value)) ?? { value: zeroOf(type) };
  }
  const items = value !== undefined && isExactArray(value) ? value : [];
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
 * inside a list, and the type's zero for what is missing.
 */
export const convertResult = (
  parameters: readonly Parameter[],
  result: ExactObject,
): Readonly<Record<string, Variable>> =>
  Object.fromEntries(
    parameters.map(({ name, type: parameterType }) => {
      const { value, type } = convert(parameterType, Object.hasOwn(result, name) ? result[name] : undefined);
      return [name, exactVariable(value, type)];
    }),
  );
