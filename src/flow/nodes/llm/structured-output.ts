import type { ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { describeError } from "../../../base/errors.ts";
import type { JsonObject } from "../../../base/json.ts";
import { readJsonObject } from "../../../base/model-json/read-json.ts";
import { splitReasoning } from "./reasoning.ts";

/** What became of a model's answer under a schema. */
type StructuredResult =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly message: string };

/** Reads answers under one schema. */
export type StructuredReader = (answer: string) => StructuredResult;

/** A path in a JSON document as Dify's messages write it. */
const jsonPath = (pointer: string): string =>
  `$${pointer
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join("")}`;

const compile = (schema: JsonObject): ValidateFunction => {
  const ajv = new Ajv({
    strict: false,
    // NaN is a number to Python's checker.
    strictNumbers: false,
    logger: false,
    validateFormats: false,
  });
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  return ajv.compile(rest);
};

const check = (validate: ValidateFunction, answer: string): StructuredResult => {
  const parsed = readJsonObject(splitReasoning(answer).text);
  if (parsed === null) {
    return { ok: false, message: `Failed to parse structured output: ${answer}` };
  }
  if (validate(parsed)) return { ok: true, value: parsed };
  const [first] = validate.errors ?? [];
  const where = jsonPath(first?.instancePath ?? "");
  return {
    ok: false,
    message: `Structured output validation failed (stage=result, path=${where}): ${first?.message ?? "invalid"}`,
  };
};

/**
 * Prepares a schema, or says why it is none. The reader is lenient on form (fences, prose, broken JSON)
 * and strict on meaning: values stay as the model gave them, no default is put in, and an answer that does not
 * follow the schema is a failure with Dify's message.
 */
export const createStructuredReader = (
  schema: JsonObject,
):
  | { readonly ok: true; readonly read: StructuredReader }
  | { readonly ok: false; readonly message: string } => {
  try {
    const validate = compile(schema);
    return { ok: true, read: (answer) => check(validate, answer) };
  } catch (error) {
    return { ok: false, message: describeError(error) };
  }
};
