import type { Json, JsonObject } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
import { type Exact, exactEntries, type ExactObject, isExactArray, isExactObject } from "../exact.ts";
import { isJsonArray, isJsonObject } from "../value-type.ts";

/** Takes secrets out of what leaves the engine. */
export type Mask = {
  readonly text: (text: string) => string;
  readonly object: (value: JsonObject) => JsonObject;
  readonly exact: (value: ExactObject) => ExactObject;
};

/** Shorter ones would black out ordinary words. */
const SHORTEST_MASKED = 4;

/** Whether a secret is masked at all; it takes four UTF-16 units. */
export const isMasked = (value: string): boolean => value.length >= SHORTEST_MASKED;

/**
 * A value with every text in it, keys included, as `text` gives it. What that leaves as it is stays the same value: of
 * megabytes without a secret nothing is copied.
 */
export const rewriteTexts = (value: Json, text: (text: string) => string): Json => {
  if (typeof value === "string") return text(value);
  if (isJsonArray(value)) {
    let copy: Json[] | null = null;
    for (const [at, item] of value.entries()) {
      const rewritten = rewriteTexts(item, text);
      if (rewritten !== item) copy ??= value.slice(0, at);
      copy?.push(rewritten);
    }
    return copy ?? value;
  }
  if (!isJsonObject(value)) return value;
  let copy: [string, Json][] | null = null;
  const entries = Object.entries<Json>(value);
  for (const [at, [key, item]] of entries.entries()) {
    const name = text(key);
    const rewritten = rewriteTexts(item, text);
    if (name !== key || rewritten !== item) copy ??= entries.slice(0, at);
    copy?.push([name, rewritten]);
  }
  return copy === null ? value : Object.fromEntries(copy);
};

const NO_MASK: Mask = { text: (text) => text, object: (value) => value, exact: (value) => value };

/**
 * A mask for these secrets: wherever one stands in a text, `[secret]` takes its place. Nodes work with
 * the values themselves; events, errors and a run's outputs go through the mask.
 */
export const createMask = (secrets: Iterable<Secret>): Mask => {
  const values = [...secrets]
    .map((secret) => secret.reveal())
    .filter(isMasked)
    // The longest first: one secret may be a part of another.
    .sort((left, right) => right.length - left.length);
  if (values.length === 0) return NO_MASK;
  const text = (original: string): string =>
    values.reduce((masked, value) => masked.replaceAll(value, "[secret]"), original);
  const json = (value: Json): Json => rewriteTexts(value, text);
  /** Values that were masked before: the outputs of one node are the inputs of the next. */
  const known = new WeakMap<object, Json>();
  const top = (value: Json): Json => {
    if (value === null || typeof value !== "object") return json(value);
    const masked = known.get(value) ?? json(value);
    known.set(value, masked);
    return masked;
  };
  const object = (value: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries<Json>(value).map(([key, item]) => [text(key), top(item)]));
  const exact = (value: Exact): Exact => {
    if (typeof value === "string") return text(value);
    if (isExactArray(value)) return value.map(exact);
    return isExactObject(value) ? exactRecord(value) : value;
  };
  const exactRecord = (value: ExactObject): ExactObject =>
    Object.fromEntries(exactEntries(value).map(([key, item]) => [text(key), exact(item)]));
  return { text, object, exact: exactRecord };
};
