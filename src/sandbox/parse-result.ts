import { parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";

/** Deeper values than this are refused; Dify's own limit on what a code node returns is 5. */
export const MAX_RESULT_DEPTH = 100;

/** What parsing gives without an error is JSON by construction. */
const isParsed = (value: unknown): value is Json => value !== undefined;

const childrenOf = (value: Json): readonly Json[] =>
  value !== null && typeof value === "object" ? Object.values(value) : [];

/**
 * Parses the JSON text that code in a sandbox returned: null when it is not JSON or deeper than
 * {@link MAX_RESULT_DEPTH}. A key `__proto__` is left out, so that no later copy of the value can
 * change an object's prototype.
 */
export const parseResult = (text: string): { readonly value: Json } | null => {
  const parsed = parseJson(text);
  if (!isParsed(parsed)) return null;
  let level: readonly Json[] = [parsed];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_RESULT_DEPTH) return null;
    for (const value of level)
      if (value !== null && typeof value === "object" && Object.hasOwn(value, "__proto__"))
        Reflect.deleteProperty(value, "__proto__");
    level = level.flatMap(childrenOf);
  }
  return { value: parsed };
};
