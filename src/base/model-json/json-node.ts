import type { Json } from "../json.ts";

/**
 * A value as it was read from a text. `cut` says that the text stopped inside it. `start` and `end` are
 * offsets in UTF-16 units. In a container that is cut only the last child may be cut as well.
 */
export type JsonNode = { readonly cut: boolean; readonly start: number; readonly end: number } & (
  | { readonly kind: "scalar"; readonly value: null | boolean | string }
  /** `text` is the number as Python prints it, which keeps the digits of long integers and whole floats. */
  | { readonly kind: "number"; readonly value: number; readonly text: string }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, JsonNode])[] }
);

/** An object as it was read. */
export type ObjectNode = Extract<JsonNode, { readonly kind: "object" }>;

/** The entries of an object that values get: all but `__proto__`, which could change a copy's prototype. */
export const ownEntries = ({ entries }: ObjectNode): ObjectNode["entries"] =>
  entries.filter(([key]) => key !== "__proto__");

/** The plain value of a node, as far as it was read. Of entries with the same key the last one counts. */
export const toJson = (node: JsonNode): Json => {
  if (node.kind === "array") return node.items.map(toJson);
  if (node.kind === "object") {
    return Object.fromEntries(ownEntries(node).map(([key, value]) => [key, toJson(value)]));
  }
  return node.value;
};

/** Whether Python counts the node's value as true: not null, not empty, not zero. */
export const isFilled = (node: JsonNode): boolean => {
  if (node.kind === "array") return node.items.length > 0;
  if (node.kind === "object") return node.entries.length > 0;
  return Boolean(node.value);
};
