import type { Sendable } from "./template-messages.ts";
import { PyDict, PyList } from "./values.ts";
import type { PyValue } from "./values.ts";

/**
 * A JSON value as Python's `json.loads` would give it. A plain number without a fraction is an int; whole floats and
 * long integers are only known where the value came with them.
 */
export const toPython = (value: Sendable): PyValue => {
  if (typeof value === "bigint") return value;
  if (value instanceof Float64Array) return value[0] ?? 0;
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (isList(value)) return new PyList(value.map(toPython));
  return new PyDict(Object.entries(value).map(([key, item]) => [key, toPython(item)] as const));
};

const isList = (value: Sendable): value is readonly Sendable[] => Array.isArray(value);
