import { FlowError } from "../../base/errors.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import type { InputVariable } from "../nodes/start/schema.ts";
import { parsePythonFloat, parsePythonInteger } from "../python-number.ts";
import { isTruthy, pythonRepr } from "../value-text.ts";
import {
  exactVariable,
  isJsonArray,
  isJsonObject,
  type Variable,
  variableAs,
  variableOf,
} from "../value-type.ts";
import { fileVariable } from "./file-input.ts";
import { ownValue } from "../own-value.ts";
import { type FlowMessage, flowMessage } from "../messages/message.ts";

const refuse = (what: FlowMessage): never => {
  throw new FlowError(what, { code: "flow-input-invalid", nodeId: null });
};

const NOTHING: Variable = variableOf(null);

const characters = (text: string): number => Array.from(text).length;

const readText = (
  { variable: input, type, max_length: maxLength, options }: InputVariable,
  value: Json,
): Variable => {
  if (typeof value !== "string") return refuse(flowMessage("flow.input.not-text", { type, input }));
  if (type === "select" && !options.includes(value)) {
    return refuse(flowMessage("flow.input.not-an-option", { input, options: pythonRepr(options) }));
  }
  if (type !== "select" && maxLength !== null && maxLength > 0 && characters(value) > maxLength) {
    return refuse(flowMessage("flow.input.too-long", { input, most: maxLength }));
  }
  return variableOf(value.replaceAll("\0", ""));
};

const readNumber = ({ variable: input }: InputVariable, value: Json): Variable => {
  if (typeof value === "number" || typeof value === "boolean") return variableOf(value);
  if (typeof value !== "string")
    return refuse(flowMessage("flow.input.not-a-number-type", { value: pythonRepr(value) }));
  if (value.trim() === "") return NOTHING;
  const isFloat = value.includes(".");
  const number = isFloat ? parsePythonFloat(value) : parsePythonInteger(value);
  if (number === undefined) return refuse(flowMessage("flow.input.not-a-number", { input }));
  return isFloat ? variableAs("float", Number(number)) : exactVariable(number);
};

const TRUE_WORDS: ReadonlySet<string> = new Set(["true", "1", "yes", "on"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["false", "0", "no", "off"]);

/** What is neither clearly true nor clearly false stays as it is, as in Dify. */
const readCheckbox = (value: Json): Variable => {
  const word = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (value === 1 || TRUE_WORDS.has(word)) return variableOf(true);
  if (value === 0 || FALSE_WORDS.has(word)) return variableOf(false);
  return variableOf(value);
};

const readFile = ({ variable: input, required }: InputVariable, value: Json): Variable => {
  if (value === "" && !required) return NOTHING;
  if (!isJsonObject(value)) return refuse(flowMessage("flow.input.not-a-file", { input }));
  return fileVariable(input, value);
};

const readFiles = (
  { variable: input, required, max_length: maxLength }: InputVariable,
  value: Json,
): Variable => {
  if (value === "" && !required) return NOTHING;
  if (!isJsonArray(value) || !value.every(isJsonObject)) {
    return refuse(flowMessage("flow.input.not-files", { input }));
  }
  if (maxLength !== null && maxLength > 0 && value.length > maxLength) {
    return refuse(flowMessage("flow.input.too-many-files", { input, most: maxLength }));
  }
  return variableAs(
    "array[file]",
    value.map((file) => fileVariable(input, file).value),
  );
};

const readObject = ({ variable: input }: InputVariable, value: Json): Variable => {
  if (isTruthy(value) && !isJsonObject(value))
    return refuse(flowMessage("flow.input.not-an-object", { input }));
  return variableOf(value);
};

const readInput = (field: InputVariable, given: Json | undefined): Variable => {
  if ((given === undefined || given === null) && field.required) {
    return refuse(flowMessage("flow.input.required", { input: field.variable }));
  }
  const value = given ?? field.default;
  if (value === null) return NOTHING;
  switch (field.type) {
    case "text-input":
    case "paragraph":
    case "select":
      return readText(field, value);
    case "number":
      return readNumber(field, value);
    case "checkbox":
      return readCheckbox(value);
    case "file":
      return readFile(field, value);
    case "file-list":
      return readFiles(field, value);
    case "json_object":
      return readObject(field, value);
    case "external_data_tool":
      return NOTHING;
    default:
      return field.type satisfies never;
  }
};

/**
 * The inputs of a run as the start node's form reads them: unknown ones are dropped, defaults stand in,
 * numbers and checkboxes are read from texts. Throws FlowError (`flow-input-invalid`) in Dify's words.
 */
export const validateInputs = (
  fields: readonly InputVariable[],
  inputs: JsonObject,
): Readonly<Record<string, Variable>> =>
  Object.fromEntries(
    fields.map((field) => [field.variable, readInput(field, ownValue(inputs, field.variable))]),
  );
