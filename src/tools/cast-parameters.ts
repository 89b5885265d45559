import { Json, type JsonObject, parseJson } from "../base/json.ts";
import { pythonStr } from "../flow/value-text.ts";
import { isJsonArray, isJsonObject } from "../flow/value-type.ts";

const YES: ReadonlySet<string> = new Set(["true", "yes", "y", "1"]);
const NO: ReadonlySet<string> = new Set(["false", "no", "n", "0", ""]);

const toBoolean = (value: Json): boolean => {
  if (typeof value === "string") return YES.has(value.toLowerCase()) || !NO.has(value.toLowerCase());
  return value !== null && value !== 0 && value !== false;
};

/** A number of a text that is one; other texts stay what they are, so that whoever is called says what is wrong. */
const toNumber = (value: Json): Json =>
  typeof value === "string" && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value)
    ? Number(value)
    : value;

const fromText = (value: Json): Json =>
  (typeof value === "string" ? Json.safeParse(parseJson(value)).data : undefined) ?? null;

const toArray = (value: Json): Json => {
  if (isJsonArray(value)) return value;
  const parsed = fromText(value);
  return isJsonArray(parsed) ? parsed : [value];
};

const toObject = (value: Json): Json => {
  if (isJsonObject(value)) return value;
  const parsed = fromText(value);
  return isJsonObject(parsed) ? parsed : value;
};

const CASTS: Readonly<Record<string, (value: Json) => Json>> = {
  string: (value) => (typeof value === "string" ? value : pythonStr(value)),
  boolean: toBoolean,
  number: toNumber,
  integer: toNumber,
  array: toArray,
  object: toObject,
};

/** The one type that a schema states besides null; undefined where it leaves a choice, and for files. */
const typeOf = (schema: Json | undefined): string | undefined => {
  if (!isJsonObject(schema) || schema["format"] === "binary") return undefined;
  const { type, anyOf } = schema;
  if (typeof type === "string") return type;
  const choices = isJsonArray(type)
    ? type
    : isJsonArray(anyOf)
      ? anyOf.map((one) => typeOf(one) ?? "any")
      : [];
  const types = choices.filter((one) => one !== "null");
  const [only] = types;
  return types.length === 1 && typeof only === "string" ? only : undefined;
};

/**
 * Values as a tool declares them: files have texts for what is not a variable, and Dify makes numbers, truth values,
 * lists and objects of them by the tool's schema (its `cast_parameter_value`). What the schema does not name stays.
 */
export const castParameters = (schema: JsonObject, values: JsonObject): JsonObject => {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  return Object.fromEntries(
    Object.entries<Json>(values).map(([name, value]) => {
      const type = Object.hasOwn(properties, name) ? typeOf(properties[name]) : undefined;
      const cast = type === undefined || !Object.hasOwn(CASTS, type) ? undefined : CASTS[type];
      return [name, cast === undefined ? value : cast(value)];
    }),
  );
};
