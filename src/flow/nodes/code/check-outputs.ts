import { type Exact, type ExactNumber, type ExactObject, isExactArray, isExactObject } from "../../exact.ts";
import {
  checkNumber,
  checkString,
  CODE_LIMITS,
  isPythonNumber,
  numberOf,
  pythonType,
  pythonTypeName,
} from "./scalar-output.ts";
import type { CodeOutput, CodeOutputs } from "./schema.ts";
import { checkDepth, checkUntyped } from "./untyped-output.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

const requireList = (value: Exact, path: string, maxLength: number | null): readonly Exact[] => {
  if (!isExactArray(value)) {
    throw new NodeError(flowMessage("flow.code.not-a-list", { output: path, type: pythonType(value) }));
  }
  if (maxLength !== null && value.length > maxLength) {
    throw new NodeError(flowMessage("flow.code.list-too-long", { output: path, most: maxLength }));
  }
  return value;
};

const requireString = (value: Exact, path: string): string => {
  if (typeof value !== "string") {
    throw new NodeError(flowMessage("flow.code.not-a-text", { output: path, type: pythonTypeName(value) }));
  }
  return checkString(value, path);
};

const requireNumber = (value: Exact, path: string): ExactNumber => {
  if (!isPythonNumber(value)) {
    throw new NodeError(flowMessage("flow.code.not-a-number", { output: path, type: pythonType(value) }));
  }
  return checkNumber(numberOf(value), path);
};

const checkObject = (value: Exact, path: string, depth: number, output: CodeOutput): ExactObject => {
  if (!isExactObject(value)) {
    throw new NodeError(flowMessage("flow.code.not-an-object", { output: path, type: pythonType(value) }));
  }
  return checkKeys(value, output.children ?? null, path, depth + 1);
};

const checkNumbers = (value: Exact, path: string): Exact =>
  requireList(value, path, CODE_LIMITS.numberArrayLength).map((item, index) => {
    if (!isPythonNumber(item)) {
      throw new NodeError(flowMessage("flow.code.element-not-a-number", { output: path, index }));
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
      throw new NodeError(
        flowMessage("flow.code.element-not-an-object", { output: path, index, type: pythonType(item) }),
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
      throw new NodeError(
        flowMessage("flow.code.not-a-boolean", { output: `${path}[${index}]`, type: pythonType(item) }),
      );
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
    if (value === undefined) throw new NodeError(flowMessage("flow.code.output-missing", { output: path }));
    return [name, checkValue(value, output, path, depth)];
  });
  if (checked.length !== Object.keys(result).length) {
    throw new NodeError(flowMessage("flow.code.outputs-undeclared"), "CodeNodeError");
  }
  return Object.fromEntries(checked);
};

/**
 * Holds what `main` returned against the declared outputs and gives the outputs: exactly the declared keys, null
 * anywhere, truth values for numbers as 1 and 0, a value for `boolean` unchecked, all as Dify does, with
 * Dify's limits and messages. Throws NodeError.
 */
export const checkOutputs = (result: Exact, declared: CodeOutputs): ExactObject => {
  if (!isExactObject(result)) {
    throw new NodeError(
      flowMessage("flow.code.result-not-an-object", { type: pythonTypeName(result) }),
      "CodeExecutionError",
    );
  }
  return checkKeys(result, declared, "", 1);
};
