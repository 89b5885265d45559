import type { Json, JsonObject } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
import { isJsonArray, isJsonObject } from "../value-type.ts";

/** Takes secrets out of what leaves the engine. */
export type Mask = {
  readonly text: (text: string) => string;
  readonly object: (value: JsonObject) => JsonObject;
};

/** Shorter ones would black out ordinary words. */
const SHORTEST_MASKED = 4;

/** Whether a secret is masked at all; it takes four UTF-16 units. */
export const isMasked = (value: string): boolean => value.length >= SHORTEST_MASKED;

const NO_MASK: Mask = { text: (text) => text, object: (value) => value };

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
  const json = (value: Json): Json => {
    if (typeof value === "string") return text(value);
    if (isJsonArray(value)) return value.map(json);
    return isJsonObject(value) ? object(value) : value;
  };
  const object = (value: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), json(item)]));
  return { text, object };
};
