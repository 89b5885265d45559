import type { Json } from "../../../base/json.ts";
import type { Variable } from "../../value-type.ts";
import { isJsonArray, isJsonObject } from "../../value-type.ts";
import { pythonRepr, pythonStr } from "../../value-text.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

const itemText = (item: Json): string => {
  if (typeof item === "string") return `${item}\n`;
  if (!isJsonObject(item) || !("content" in item)) {
    throw new NodeError(flowMessage("flow.llm.context-invalid", { value: pythonRepr(item) }));
  }
  const { summary, content = null } = item;
  const head = summary === undefined || summary === null || summary === "" ? "" : `${pythonStr(summary)}\n`;
  return `${head}${pythonStr(content)}\n`;
};

/**
 * The text that stands for `{{#context#}}`: a text as it is, a list joined by lines, of which each item is a text or
 * an object with `content` (as knowledge retrieval gives); any other value counts as none. Throws `NodeError` for
 * a list of something else.
 */
export const contextText = (variable: Variable | undefined): string => {
  if (variable === undefined) return "";
  if (typeof variable.value === "string") return variable.value;
  return isJsonArray(variable.value) ? variable.value.map(itemText).join("").trim() : "";
};
