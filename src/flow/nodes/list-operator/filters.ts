import { containsText } from "../../../base/contains-text.ts";
import type { Json } from "../../../base/json.ts";
import { type Exact, isExactNumber, isSameNumber, magnitudeOf, plainOf } from "../../exact.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, resolveText } from "../../pool.ts";
import { requirePythonFloat } from "../../python-number.ts";
import { isJsonObject, type ValueType } from "../../value-type.ts";
import type { FilterCondition } from "./schema.ts";
import { ownValue } from "../../own-value.ts";
import { flowMessage } from "../../messages/message.ts";

type Test = (value: Exact) => boolean;

const invalid = (operator: string): never => {
  throw new NodeError(flowMessage("flow.list.operator", { operator }));
};

const onText =
  (test: (text: string) => boolean): Test =>
  (value) =>
    test(typeof value === "string" ? value : "");

const textTest = (operator: string, expected: string): Test => {
  switch (operator) {
    case "empty":
      return onText((text) => text === "");
    case "not empty":
      return onText((text) => text !== "");
    case "contains":
      return onText((text) => containsText(text, expected));
    case "not contains":
      return onText((text) => !containsText(text, expected));
    case "start with":
      return onText((text) => text.startsWith(expected));
    case "end with":
      return onText((text) => text.endsWith(expected));
    case "is":
      return onText((text) => text === expected);
    case "is not":
      return onText((text) => text !== expected);
    case "in":
      return onText((text) => expected.includes(text));
    case "not in":
      return onText((text) => !expected.includes(text));
    default:
      return invalid(operator);
  }
};

type Magnitude = number | bigint;

const NUMBER_TESTS: Readonly<Record<string, (value: Magnitude, expected: Magnitude) => boolean>> = {
  "=": isSameNumber,
  "≠": (value, expected) => !isSameNumber(value, expected),
  "<": (value, expected) => value < expected,
  "≤": (value, expected) => value <= expected,
  ">": (value, expected) => value > expected,
  "≥": (value, expected) => value >= expected,
};

const numberTest = (operator: string, expected: Magnitude): Test => {
  const test = ownValue(NUMBER_TESTS, operator) ?? invalid(operator);
  return (value) => isExactNumber(value) && test(magnitudeOf(value), expected);
};

/** The attribute of a file that a filter or an order names; texts are empty where it is missing. */
export const fileKey = (file: Json, key: string): string | number => {
  if (!isJsonObject(file)) return key === "size" ? -1 : "";
  if (key === "size") return typeof file["size"] === "number" ? file["size"] : -1;
  const value = file[key === "name" ? "filename" : key === "url" ? "remote_url" : key];
  return typeof value === "string" ? value : "";
};

const TEXT_KEYS: ReadonlySet<string> = new Set(["name", "extension", "mime_type", "url", "related_id"]);
const CHOICE_KEYS: ReadonlySet<string> = new Set(["type", "transfer_method"]);

/** The keys by which a list of files can be filtered and ordered. */
export const isFileKey = (key: string): boolean =>
  TEXT_KEYS.has(key) || CHOICE_KEYS.has(key) || key === "size";

const choiceTest = (operator: string, value: string | readonly string[]): ((text: string) => boolean) => {
  if (operator === "in") return (text) => value.includes(text);
  if (operator === "not in") return (text) => !value.includes(text);
  return invalid(operator);
};

const fileTest = (
  { key, comparison_operator: operator }: FilterCondition,
  value: string | readonly string[],
): Test => {
  if (TEXT_KEYS.has(key) && typeof value === "string") {
    const test = textTest(operator, value);
    return (file) => test(fileKey(plainOf(file), key));
  }
  if (CHOICE_KEYS.has(key)) {
    const test = choiceTest(operator, value);
    return (file) => test(String(fileKey(plainOf(file), key)));
  }
  if (key === "size" && typeof value === "string") {
    const test = numberTest(operator, requirePythonFloat(value));
    return (file) => test(fileKey(plainOf(file), key));
  }
  throw new NodeError(flowMessage("flow.list.key", { key }));
};

const booleanTest = (operator: string, expected: boolean): Test => {
  if (operator === "is") return (value) => value === expected;
  if (operator === "is not") return (value) => value !== expected;
  return invalid(operator);
};

/** The test of a filter for a list of one type. Throws NodeError for what Dify's filter does not do. */
export const filterTest = (type: ValueType, condition: FilterCondition, pool: Pool): Test => {
  const { value, comparison_operator: operator } = condition;
  const resolved = typeof value === "string" ? resolveText(pool, value) : value;
  if (type === "array[file]") {
    if (typeof resolved === "boolean") throw new NodeError(flowMessage("flow.list.file-filter"));
    return fileTest(condition, resolved);
  }
  if (type === "array[boolean]") {
    if (typeof value !== "boolean") throw new NodeError(flowMessage("flow.list.boolean-filter"));
    return booleanTest(operator, value);
  }
  if (typeof resolved !== "string")
    throw new NodeError(flowMessage("flow.list.filter-value", { value: String(value) }));
  return type === "array[string]"
    ? textTest(operator, resolved)
    : numberTest(operator, requirePythonFloat(resolved));
};
