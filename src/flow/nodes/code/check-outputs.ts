import { type Exact, type ExactNumber, type ExactObject, isExactArray, isExactObject } from "../../exact.ts";
import {
  checkNumber,
  checkString,
  CODE_LIMITS,
  isPythonNumber,
  numberOf,
  OutputProblem,
  pythonType,
  pythonTypeName,
} from "./scalar-output.ts";
import type { CodeOutput, CodeOutputs } from "./schema.ts";
import { checkDepth, checkUntyped } from "./untyped-output.ts";

const requireList = (value: Exact, path: string, maxLength: number | null): readonly Exact[] => {
  if (!isExactArray(value)) {
    throw new OutputProblem(`Output ${path} is not an array, got ${pythonType(value)} instead.`);
  }
  if (maxLength !== null && value.length > maxLength) {
    throw new OutputProblem(
      `The length of output variable \`${path}\` must be less than ${maxLength} elements.`,
    );
  }
  return value;
};

const requireString = (value: Exact, path: string): string => {
  if (typeof value !== "string") {
    throw new OutputProblem(`Output ${path} must be a string, got ${pythonTypeName(value)} instead.`);
  }
  return checkString(value, path);
};

const requireNumber = (value: Exact, path: string): ExactNumber => {
  if (!isPythonNumber(value)) {
    throw new OutputProblem(`Output ${path} is not a number, got ${pythonType(value)} instead.`);
  }
  return checkNumber(numberOf(value), path);
};

const checkObject = (value: Exact, path: string, depth: number, output: CodeOutput): ExactObject => {
  if (!isExactObject(value)) {
    throw new OutputProblem(`Output ${path} is not an object, got ${pythonType(value)} instead.`);
  }
  return checkKeys(value, output.children ?? null, path, depth + 1);
};

const checkNumbers = (value: Exact, path: string): Exact =>
  requireList(value, path, CODE_LIMITS.numberArrayLength).map((item, index) => {
    if (!isPythonNumber(item)) {
      throw new OutputProblem(
        `The element at index ${index} of output variable \`${path}\` must be a number.`,
      );
    }
    return numberOf(item);
  });

const checkStrings = (value: Exact, path: string): Exact =>
  requireList(value, path, CODE_LIMITS.stringArrayLength).map((item, index) =>
    item === null ? null : requireString(item, `${path}[${index}]`),
  );

const checkObjects = (value: Exact, path: string, depth: number, output: CodeOutput): Exact => {
  const items = requireList(value, path, CODE_LIMITS.objectArrayLength);
  items.forEach((item, index) => {
    if (item !== null && !isExactObject(item)) {
      throw new OutputProblem(
        `Output ${path}[${index}] is not an object, got ${pythonType(item)} instead at index ${index}.`,
      );
    }
  });
  return items.map((item, index) =>
    isExactObject(item) ? checkKeys(item, output.children ?? null, `${path}[${index}]`, depth + 1) : null,
  );
};

const checkBooleans = (value: Exact, path: string): Exact =>
  requireList(value, path, null).map((item, index) => {
    if (item !== null && typeof item !== "boolean") {
      throw new OutputProblem(`Output ${path}[${index}] is not a boolean, got ${pythonType(item)} instead.`);
    }
    return item;
  });

const checkValue = (value: Exact, output: CodeOutput, path: string, depth: number): Exact => {
  if (value === null) return null;
  switch (output.type) {
    case "string":
      return requireString(value, path);
    case "number":
      return requireNumber(value, path);
    case "boolean":
      return value;
    case "object":
      return checkObject(value, path, depth, output);
    case "array[string]":
      return checkStrings(value, path);
    case "array[number]":
      return checkNumbers(value, path);
    case "array[object]":
      return checkObjects(value, path, depth, output);
    case "array[boolean]":
      return checkBooleans(value, path);
    default:
      return output.type satisfies never;
  }
};

const checkKeys = (
  result: ExactObject,
  declared: CodeOutputs | null,
  prefix: string,
  depth: number,
): ExactObject => {
  checkDepth(depth);
  if (declared === null) {
    checkUntyped(result, prefix, depth);
    return result;
  }
  const checked = Object.entries(declared).map(([name, output]): readonly [string, Exact] => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const value = Object.hasOwn(result, name) ? result[name] : undefined;
    if (value === undefined) throw new OutputProblem(`Output ${path} is missing.`);
    return [name, checkValue(value, output, path, depth)];
  });
  if (checked.length !== Object.keys(result).length) {
    throw new OutputProblem("Not all output parameters are validated.", "CodeNodeError");
  }
  return Object.fromEntries(checked);
};

/**
 * Holds what `main` returned against the declared outputs and gives the outputs: exactly the declared keys, null
 * anywhere, truth values for numbers as 1 and 0, a value for `boolean` unchecked, all as Dify does, with
 * Dify's limits and messages. Throws `OutputProblem`.
 */
export const checkOutputs = (result: Exact, declared: CodeOutputs): ExactObject => {
  if (!isExactObject(result)) {
    throw new OutputProblem(`Result must be a dict, got ${pythonTypeName(result)}`, "CodeExecutionError");
  }
  return checkKeys(result, declared, "", 1);
};
