import { invalidParam } from "./refusals.ts";
import type { Fields, FormField } from "./stand-in-app.ts";

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const checkText = (field: FormField, value: unknown): string => {
  if (typeof value !== "string") {
    throw invalidParam(`(type '${field.type}') ${field.variable} in input form must be a string`);
  }
  if (field.type === "select" && !(field.options ?? []).includes(value)) {
    const options = (field.options ?? []).map((option) => `'${option}'`).join(", ");
    throw invalidParam(`${field.variable} in input form must be one of the following: [${options}]`);
  }
  const limit = field.type === "select" ? 0 : (field.max_length ?? 0);
  if (limit > 0 && Array.from(value).length > limit) {
    throw invalidParam(`${field.variable} in input form must be less than ${limit} characters`);
  }
  return value.replaceAll("\0", "");
};

const checkNumber = (field: FormField, value: unknown): number | null => {
  if (typeof value === "number") return value;
  if (typeof value !== "string") throw invalidParam("expected value type int, float or str");
  if (value.trim() === "") return null;
  const number = Number(value);
  if (Number.isNaN(number)) throw invalidParam(`${field.variable} in input form must be a valid number`);
  return number;
};

const checkBox = (value: unknown): unknown => {
  const word = typeof value === "string" ? value.trim().toLowerCase() : value;
  if (word === 1 || word === "true" || word === "1" || word === "yes" || word === "on") return true;
  if (word === 0 || word === "false" || word === "0" || word === "no" || word === "off") return false;
  return value;
};

const checkFiles = (field: FormField, value: unknown): unknown => {
  const isFile = (item: unknown): boolean => isFields(item);
  if (field.type === "file" && !isFile(value)) {
    throw invalidParam(`${field.variable} in input form must be a file`);
  }
  if (field.type === "file-list" && !(Array.isArray(value) && value.every(isFile))) {
    throw invalidParam(`${field.variable} in input form must be a list of files`);
  }
  return value;
};

const checkField = (field: FormField, given: unknown): unknown => {
  if ((given === undefined || given === null) && field.required === true) {
    throw invalidParam(`${field.variable} is required in input form`);
  }
  const value = given ?? field.default;
  if (value === undefined || value === null) return null;
  switch (field.type) {
    case "text-input":
    case "paragraph":
    case "select":
      return checkText(field, value);
    case "number":
      return checkNumber(field, value);
    case "checkbox":
      return checkBox(value);
    case "json_object":
      if (!isFields(value)) throw invalidParam(`${field.variable} in input form must be a dict`);
      return value;
    default:
      return checkFiles(field, value);
  }
};

/**
 * Validates a run's inputs as Dify does: what is not declared is dropped, what is declared is checked for
 * presence, type, length and choice, and defaults are filled in. Throws the Refusal that Dify would send.
 */
export const checkInputs = (form: readonly FormField[], inputs: Fields): Fields =>
  Object.fromEntries(form.map((field) => [field.variable, checkField(field, inputs[field.variable])]));
