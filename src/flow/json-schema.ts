import { createRequire } from "node:module";
import type { Ajv, ErrorObject, MissingRefError, ValidateFunction } from "ajv";
import { z } from "zod";
import type { Json, JsonObject } from "../base/json.ts";
import { isJsonArray, isJsonObject } from "./value-type.ts";
import { type FlowMessage, flowMessage, inItsWords } from "./messages/message.ts";
import { NodeError } from "./node-error.ts";

/** Where a value does not follow a schema: a JSON pointer, and what is wrong there. */
type Mismatch = { readonly pointer: string; readonly message: FlowMessage };

/** A schema, ready to check values. */
export type JsonSchema = {
  /** What is wrong with a value, null when it follows the schema. Throws {@link UnresolvedReference}. */
  readonly check: (value: Json) => Mismatch | null;
  /** References to what is not in the schema: a check that gets to one of them throws. */
  readonly unresolved: readonly string[];
};

/** A check came to a `$ref` that points out of the schema, or to a place that it does not have. */
export class UnresolvedReference extends NodeError {
  readonly reference: string;

  constructor(reference: string) {
    super(flowMessage("flow.schema.unresolved", { reference }));
    this.reference = reference;
  }
}

/** The library is a function that has its parts as properties. */
const Library = z.custom<{
  readonly Ajv: typeof Ajv;
  readonly MissingRefError: typeof MissingRefError;
}>((value) => typeof value === "function" && "Ajv" in value && "MissingRefError" in value);

const require = createRequire(import.meta.url);

let library: z.infer<typeof Library> | undefined;

/** Few flows have a schema: what reads one is loaded for the first. */
const loadAjv = (): z.infer<typeof Library> => (library ??= Library.parse(require("ajv")));

/** The commonest mismatches; the library has words of its own for the others. */
const describeMismatch = (error: ErrorObject | undefined): FlowMessage => {
  const { missingProperty: name, type } = Mentioned.parse(error?.params ?? {});
  if (error?.keyword === "type" && type !== undefined) return flowMessage("flow.schema.type", { type });
  if (error?.keyword === "required" && name !== undefined)
    return flowMessage("flow.schema.required", { name });
  if (error?.keyword === "enum") return flowMessage("flow.schema.enum");
  if (error?.keyword === "additionalProperties") return flowMessage("flow.schema.additional");
  return inItsWords(error?.message ?? "invalid");
};

/** What the library says of a mismatch besides its words. */
const Mentioned = z.object({
  missingProperty: z.string().optional(),
  type: z.union([z.string(), z.array(z.string()).transform((types) => types.join(","))]).optional(),
});

/** The keyword that takes the place of a reference that leads nowhere. */
const UNRESOLVED = "reviewflow-unresolved";

/** What stays beside a `$ref`: where other references lead. Draft 7 passes over everything else there. */
const KEPT_BESIDE = ["$ref", "$id", "definitions", "$defs"];

const mapReferences = (value: Json, map: (schema: JsonObject, reference: string) => JsonObject): Json => {
  if (isJsonArray(value)) return value.map((item) => mapReferences(item, map));
  if (!isJsonObject(value)) return value;
  const inside = Object.fromEntries(
    Object.entries<Json>(value).map(([key, item]) => [key, mapReferences(item, map)]),
  );
  const reference = inside["$ref"];
  return typeof reference === "string" ? map(inside, reference) : inside;
};

const onlyReference = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries<Json>(schema).filter(([key]) => KEPT_BESIDE.includes(key)));

const createAjv = (): Ajv => {
  // NaN is a number to Python's checker, which knows no formats.
  const ajv = new (loadAjv().Ajv)({
    strict: false,
    strictNumbers: false,
    logger: false,
    validateFormats: false,
  });
  ajv.addKeyword({
    keyword: UNRESOLVED,
    schemaType: "string",
    validate: (reference: string): boolean => {
      throw new UnresolvedReference(reference);
    },
  });
  return ajv;
};

const isSame = (reference: string, base: Json | undefined, missing: string): boolean => {
  if (reference === missing) return true;
  const from = typeof base === "string" ? base : undefined;
  return URL.canParse(reference, from) && URL.canParse(missing, from)
    ? new URL(reference, from).href === new URL(missing, from).href
    : false;
};

/** Compiles the schema; each reference that leads nowhere makes way for a keyword that throws. */
const compile = (schema: JsonObject, unresolved: string[]): ValidateFunction => {
  try {
    return createAjv().compile(schema);
  } catch (error) {
    if (!(error instanceof loadAjv().MissingRefError)) throw error;
    let isFound = false;
    const without = mapReferences(schema, (inside, reference) => {
      if (!isSame(reference, schema["$id"], error.missingRef)) return inside;
      isFound = true;
      unresolved.push(reference);
      const { $ref: _ref, ...rest } = inside;
      return { ...rest, [UNRESOLVED]: reference };
    });
    if (!isFound || !isJsonObject(without)) throw error;
    return compile(without, unresolved);
  }
};

/**
 * Prepares a JSON schema for checking values as Dify checks them: by Draft 7, whatever `$schema` says, without formats;
 * nothing is fetched, and values stay as they are. Throws where it is none.
 */
export const compileSchema = (schema: JsonObject): JsonSchema => {
  const { $schema: _dialect, $id: id, ...rest } = schema;
  const isAbsolute = typeof id === "string" && URL.canParse(id);
  const prepared = mapReferences(isAbsolute ? { $id: id, ...rest } : rest, onlyReference);
  const unresolved: string[] = [];
  const validate = compile(isJsonObject(prepared) ? prepared : {}, unresolved);
  return {
    unresolved: [...new Set(unresolved)],
    check: (value) => {
      if (validate(value)) return null;
      const [first] = validate.errors ?? [];
      return { pointer: first?.instancePath ?? "", message: describeMismatch(first) };
    },
  };
};
