import type { JsonNode } from "./json-node.ts";

/** JSON text, or why the value has none. */
export type WrittenJson =
  | { readonly ok: true; readonly text: string }
  /** `not-finite`: a number is infinite or none at all; `ill-formed`: a text holds half a character. */
  | { readonly ok: false; readonly reason: "not-finite" | "ill-formed"; readonly value: string };

/**
 * The compact JSON that Dify's HTTP client (httpx) sends of a value: no spaces, Unicode as it is, long integers with
 * all their digits, whole floats as `1.0`. What Python refuses to send is refused.
 */
export const writeJson = (node: JsonNode): WrittenJson => {
  const parts: string[] = [];
  const refused = write(node, parts);
  return refused ?? { ok: true, text: parts.join("") };
};

type Refused = Extract<WrittenJson, { ok: false }>;

const write = (node: JsonNode, parts: string[]): Refused | null => {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string" ? writeText(node.value, parts) : add(parts, String(node.value));
    case "number":
      if (!Number.isFinite(node.value) && !/^-?\d+$/.test(node.text)) {
        return { ok: false, reason: "not-finite", value: node.text.toLowerCase() };
      }
      return add(parts, node.text);
    case "array":
      return writeAll(node.items, parts, "[]", (item) => write(item, parts));
    case "object":
      return writeAll(node.entries, parts, "{}", ([key, value]) => {
        const refused = writeText(key, parts);
        if (refused !== null) return refused;
        parts.push(":");
        return write(value, parts);
      });
    default:
      return node satisfies never;
  }
};

const add = (parts: string[], text: string): null => {
  parts.push(text);
  return null;
};

const writeText = (text: string, parts: string[]): Refused | null =>
  text.isWellFormed()
    ? add(parts, JSON.stringify(text))
    : { ok: false, reason: "ill-formed", value: text.toWellFormed() };

const writeAll = <Item>(
  items: readonly Item[],
  parts: string[],
  brackets: "[]" | "{}",
  writeOne: (item: Item) => Refused | null,
): Refused | null => {
  parts.push(brackets.charAt(0));
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(",");
    const refused = writeOne(item);
    if (refused !== null) return refused;
  }
  return add(parts, brackets.charAt(1));
};
