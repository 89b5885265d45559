import { describeError } from "../../../base/errors.ts";
import type { JsonObject } from "../../../base/json.ts";
import { readJsonObject } from "../../../base/model-json/read-json.ts";
import { type Exact, exactOfNode, plainOf } from "../../exact.ts";
import { compileSchema, type JsonSchema, UnresolvedReference } from "../../json-schema.ts";
import { splitReasoning } from "./reasoning.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

/** What became of a model's answer under a schema. */
type StructuredResult =
  | { readonly ok: true; readonly value: Exact }
  | { readonly ok: false; readonly message: FlowMessage };

/** Reads answers under one schema. */
export type StructuredReader = (answer: string) => StructuredResult;

/** A path in a JSON document as Dify's messages write it. */
const jsonPath = (pointer: string): string =>
  `$${pointer
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join("")}`;

const invalid = (path: string, problem: FlowMessage): StructuredResult => ({
  ok: false,
  message: flowMessage("flow.llm.output-invalid", { path, problem }),
});

const read = (schema: JsonSchema, answer: string): StructuredResult => {
  const parsed = readJsonObject(splitReasoning(answer).text);
  if (parsed === null) {
    return { ok: false, message: flowMessage("flow.llm.output-unreadable", { answer }) };
  }
  const value = exactOfNode(parsed);
  try {
    const mismatch = schema.check(plainOf(value));
    return mismatch === null ? { ok: true, value } : invalid(jsonPath(mismatch.pointer), mismatch.message);
  } catch (error) {
    if (!(error instanceof UnresolvedReference)) throw error;
    return invalid("$", flowMessage("flow.schema.reference", { reference: error.reference }));
  }
};

/**
 * Prepares a schema, or says why it is none. The reader is lenient on form (fences, prose, broken JSON)
 * and strict on meaning: values stay as the model gave them, no default is put in, and an answer that does not
 * follow the schema is a failure with Dify's message.
 */
export const createStructuredReader = (
  schema: JsonObject,
):
  | { readonly ok: true; readonly read: StructuredReader; readonly unresolved: readonly string[] }
  | { readonly ok: false; readonly reason: string } => {
  try {
    const compiled = compileSchema(schema);
    return { ok: true, read: (answer) => read(compiled, answer), unresolved: compiled.unresolved };
  } catch (error) {
    return { ok: false, reason: describeError(error) };
  }
};
