import type { Json } from "../base/json.ts";
import { type Exact, exactEntries, isExactArray, WholeFloat } from "./exact.ts";
import { pythonJson, pythonStr, textOfVariable } from "./value-text.ts";
import { NodeError } from "./node-error.ts";
import { exactOf, isArrayType, isJsonArray, isJsonObject, type Variable } from "./value-type.ts";
import { flowMessage } from "./messages/message.ts";

const indented = (value: Exact, depth: number): string => {
  const pad = "  ".repeat(depth + 1);
  const close = `\n${"  ".repeat(depth)}`;
  if (isExactArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => pad + indented(item, depth + 1)).join(",\n")}${close}]`;
  }
  if (typeof value !== "object" || value === null || value instanceof WholeFloat) return pythonJson(value);
  const entries = exactEntries(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, item]) => `${pad}${JSON.stringify(key)}: ${indented(item, depth + 1)}`);
  return `{\n${lines.join(",\n")}${close}}`;
};

const fileMarkdown = (file: Json): string => {
  if (!isJsonObject(file)) return "";
  const url = file["url"] ?? file["remote_url"] ?? null;
  const name = file["filename"] ?? null;
  const link = pythonStr(url);
  if (file["type"] === "image") return `![${name === null ? "" : pythonStr(name)}](${link})`;
  return `[${name === null ? link : pythonStr(name)}](${link})`;
};

/** What Python iterates over, since an assigner of the first version puts any value into a list's variable. */
const itemsOf = (value: Exact): readonly Exact[] => {
  if (isExactArray(value)) return value;
  if (typeof value === "string") return Array.from(value);
  if (typeof value === "object" && value !== null && !(value instanceof WholeFloat)) {
    return exactEntries(value).map(([key]) => key);
  }
  const type =
    typeof value === "boolean"
      ? "bool"
      : typeof value === "bigint" || Number.isInteger(value)
        ? "int"
        : "float";
  throw new NodeError(flowMessage("flow.node.not-iterable", { type: value === null ? "NoneType" : type }));
};

/** Throws NodeError for a variable that {@link markdownOfVariable} cannot write. */
export const checkPrintable = ({ type, value }: Variable): void => {
  if (isArrayType(type) && !isJsonArray(value)) itemsOf(value);
};

/**
 * A variable as an answer node writes it, which differs from its text in prompts: an object is indented
 * JSON, a list has one `- ` line for each item, a file is a link. Throws NodeError where a list's variable holds a number.
 */
export const markdownOfVariable = (variable: Variable): string => {
  const { type, value } = variable;
  const exact = exactOf(variable);
  if (type === "object") return indented(exact, 0);
  if (type === "file") return fileMarkdown(value);
  if (!isArrayType(type)) return textOfVariable(variable);
  if (type === "array[file]" && isJsonArray(value)) return value.map(fileMarkdown).join("\n");
  return itemsOf(exact)
    .map((item) => `- ${pythonStr(item)}`)
    .join("\n");
};
