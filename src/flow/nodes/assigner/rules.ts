import type { Json } from "../../../base/json.ts";
import { isArrayType, isJsonArray, isJsonObject, type ValueType } from "../../value-type.ts";
import type { AssignmentItem, Operation } from "./schema.ts";

const SCALARS: ReadonlySet<ValueType> = new Set(["object", "string", "integer", "float", "boolean"]);
const NUMBERS: ReadonlySet<ValueType> = new Set(["integer", "float"]);
const ARITHMETIC: ReadonlySet<Operation> = new Set(["+=", "-=", "*=", "/="]);
const VALUELESS: ReadonlySet<Operation> = new Set(["clear", "remove-first", "remove-last"]);

/** Whether an operation takes no value at all. */
export const isValueless = (operation: Operation): boolean => VALUELESS.has(operation);

/** Whether an operation can be done to a variable of this type. */
export const isOperationSupported = (type: ValueType, operation: Operation): boolean => {
  if (operation === "over-write" || operation === "clear") return true;
  if (operation === "set") return SCALARS.has(type);
  return ARITHMETIC.has(operation) ? NUMBERS.has(type) : isArrayType(type);
};

/** Whether an operation takes its value from where the item says: a variable or a constant. */
export const isInputSupported = (
  type: ValueType,
  operation: Operation,
  source: AssignmentItem["input_type"],
): boolean => {
  if (source === "variable") return operation !== "set" && !ARITHMETIC.has(operation);
  if (operation === "over-write" || operation === "set") return SCALARS.has(type);
  return NUMBERS.has(type) && ARITHMETIC.has(operation);
};

/** Python's numbers include booleans. */
const isNumeric = (value: Json): value is number | boolean =>
  typeof value === "number" || typeof value === "boolean";

const fitsItem = (type: ValueType, value: Json): boolean => {
  switch (type) {
    case "array[any]":
      return typeof value === "string" || isNumeric(value) || isJsonObject(value);
    case "array[string]":
      return typeof value === "string";
    case "array[number]":
      return isNumeric(value);
    case "array[object]":
      return isJsonObject(value);
    case "array[boolean]":
      return typeof value === "boolean";
    default:
      return false;
  }
};

/** Whether a value can be used for an operation on a variable of this type. */
export const isValueValid = (type: ValueType, operation: Operation, value: Json): boolean => {
  if (isValueless(operation)) return true;
  if (NUMBERS.has(type)) return isNumeric(value) && !(operation === "/=" && Number(value) === 0);
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  if (type === "object") return isJsonObject(value);
  if (operation === "append") return fitsItem(type, value);
  if (operation !== "extend" && operation !== "over-write") return false;
  return isJsonArray(value) && isArrayType(type) && value.every((item) => fitsItem(type, item));
};

/** What clearing a variable of this type leaves. */
export const zeroValue = (type: ValueType): Json => {
  if (isArrayType(type)) return [];
  if (type === "object") return {};
  if (type === "string") return "";
  if (type === "boolean") return false;
  return type === "integer" || type === "float" ? 0 : null;
};
