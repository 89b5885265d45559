import type { Json } from "../../base/json.ts";
import { toJson } from "../../base/model-json/json-node.ts";
import { createJsonReader } from "../../base/model-json/read-json.ts";

/** What a reply flow answered: Markdown, and whether the finding of the thread is taken back. */
export type Answer = { readonly reply: string; readonly withdraw: boolean };

/**
 * Reads the answer of a reply flow: JSON with `reply` and `withdraw`, also within prose or a fence, or the
 * plain text of an answer, which takes nothing back. Null when there is nothing to say.
 */
export const readAnswer = (output: Json): Answer | null => {
  if (typeof output !== "string") return readRecord(output);
  const text = output.trim();
  const record = readLastRecord(text);
  if (record !== null) return record;
  // An answer in JSON that holds no reply is broken; people are not shown it.
  return text === "" || /^(?:```(?:json)?\s*)?\{/u.test(text) ? null : { reply: text, withdraw: false };
};

/** The most places where the record is looked for. */
const MAX_STARTS = 20;

const readLastRecord = (text: string): Answer | null => {
  const starts = [...text.matchAll(/\{(?=\s*["'\u201c]?(?:reply|withdraw)\b)/giu)].map(({ index }) => index);
  const readAt = createJsonReader(text);
  for (const start of starts.slice(-MAX_STARTS).toReversed()) {
    const read = readAt(start);
    const record = read.ok ? readRecord(toJson(read.node)) : null;
    if (record !== null) return record;
  }
  return null;
};

const readRecord = (value: Json): Answer | null => {
  if (value === null || typeof value !== "object") return null;
  const fields = new Map<string, Json>(
    Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]),
  );
  const reply = fields.get("reply");
  if (typeof reply !== "string" || reply.trim() === "") return null;
  return { reply: reply.trim(), withdraw: fields.get("withdraw") === true };
};
