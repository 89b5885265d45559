import { z } from "zod";
import type { Json } from "../../../base/json.ts";
import type { NodeContext, NodeOutcome } from "../../node.ts";
import { defineNodeKind, nodeFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool } from "../../pool.ts";
import { isJsonArray, isJsonObject } from "../../value-type.ts";
import { SelectorPath, showSelector } from "../selector-path.ts";
import { extractText } from "./extract-text.ts";
import { fetchFile } from "./file-value.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

/** Data of a document extractor (Dify's node documentation, "Doc Extractor"). */
const DocumentExtractorData = z.object({
  variable_selector: SelectorPath,
  is_array_file: z.boolean().nullish(),
});
type DocumentExtractorData = z.infer<typeof DocumentExtractorData>;

const readFile = async (value: Json, context: NodeContext): Promise<string> => {
  const fetched = await fetchFile(value, context.ports.http, context.signal);
  if (!fetched.ok) throw new NodeError(fetched.message, fetched.errorType);
  return extractText(fetched.value.file, fetched.value.bytes, context);
};

const execute = async (data: DocumentExtractorData, context: NodeContext): Promise<NodeOutcome> => {
  const selector = data.variable_selector;
  const variable = readPool(context.pool, selector);
  if (variable === undefined) {
    const message = flowMessage("flow.document.variable-missing", { selector: showSelector(selector) });
    return nodeFailure("", message);
  }
  const inputs = { variable_selector: selector };
  const files = isJsonArray(variable.value)
    ? variable.value.filter(isJsonObject)
    : [variable.value].filter(isJsonObject);
  const isEmpty =
    variable.value === null || variable.value === "" || (isJsonArray(variable.value) && files.length === 0);
  if (isEmpty) return { ok: true, inputs, outputs: { text: [] }, types: { text: "array[string]" } };
  if (variable.type !== "file" && variable.type !== "array[file]") {
    const message = flowMessage("flow.document.not-files", { selector: showSelector(selector) });
    return nodeFailure("", message, { inputs });
  }
  try {
    const texts: string[] = [];
    for (const file of files) texts.push(await readFile(file, context));
    return isJsonArray(variable.value)
      ? { ok: true, inputs, outputs: { text: texts }, types: { text: "array[string]" } }
      : { ok: true, inputs, outputs: { text: texts[0] ?? "" } };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return nodeFailure(error.errorType ?? "", error.what, { inputs });
  }
};

/** Reads the text of documents (Dify's node documentation, "Doc Extractor"); EPUB, ODT and mail are not read here. */
export const documentExtractorKind = defineNodeKind({
  type: "document-extractor",
  schema: DocumentExtractorData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    reads: [{ selector: data.variable_selector, field: "variable_selector", needed: true }],
    outputs: { text: data.is_array_file === true ? "array[string]" : "any" },
  }),
  execute,
});
