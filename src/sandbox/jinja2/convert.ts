import type { Json, JsonObject } from "../../base/json.ts";
import { PyDict, PyList } from "./values.ts";
import type { PyValue } from "./values.ts";

/**
 * A JSON value as Python's `json.loads` would give it. JSON in this program does not tell 1.0 from 1: a
 * number without a fraction is an int.
 */
export const toPython = (value: Json): PyValue => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (isList(value)) return new PyList(value.map(toPython));
  return new PyDict(Object.entries(value).map(([key, item]) => [key, toPython(item)] as const));
};

const isList = (value: readonly Json[] | JsonObject): value is readonly Json[] => Array.isArray(value);
