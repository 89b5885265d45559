import { createDamagedReader, readDamagedJson } from "./damaged-json.ts";
import type { JsonNode, ObjectNode } from "./json-node.ts";
import { readStrictJson, readStrictValue } from "./strict-json.ts";

/** What was read of a text that should be JSON. */
export type JsonReading =
  | {
      readonly ok: true;
      readonly node: JsonNode;
      /** Whether the text was no JSON as it stood. */
      readonly repaired: boolean;
      /** Whether the repair is a guess; a text that is sent on must be refused then. */
      readonly doubtful: boolean;
    }
  /**
   * `no-json`: there is no value in it; `too-deep`: it is nested deeper than Dify could read it; `too-damaged`: it
   * would take too long to read.
   */
  | { readonly ok: false; readonly reason: "no-json" | "too-deep" | "too-damaged" };

/**
 * Reads a model's JSON: as it stands where it is JSON, and as json_repair 0.64 reads it where it is damaged: quotes
 * inside strings, lone backslashes, missing commas and closers, single and curly quotes, Python's words,
 * comments, fences, text around it, several values one after the other, a missing end. Never throws;
 * time and space are linear.
 */
export const readJsonText = (text: string): JsonReading => {
  const strict = readStrictJson(text);
  if (strict !== null) return asItStands(strict);
  const read = readDamagedJson(text);
  return read.ok ? { ...read, repaired: true } : read;
};

const asItStands = (node: JsonNode): JsonReading => ({ ok: true, node, repaired: false, doubtful: false });

/**
 * Reads single values out of a text in which other things stand, too. The reader takes the offset of a `{` or `[`
 * and reads as {@link readJsonText} does; the node's `end` is where the value ends.
 */
export const createJsonReader = (text: string): ((start: number) => JsonReading) => {
  const notWhole = new Set<number>();
  const readDamaged = createDamagedReader(text, notWhole);
  return (start) => {
    const strict = readStrictValue(text, start, notWhole).node;
    if (strict !== null) return asItStands(strict);
    const read = readDamaged(start);
    return read.ok ? { ...read, repaired: true } : read;
  };
};

/**
 * The object that a model's answer means, damaged as it may be: itself, or the first object of a list, or an empty one
 * where a list holds none, as Dify takes structured output. Null when the answer holds neither.
 */
export const readJsonObject = (answer: string): ObjectNode | null => {
  const read = readJsonText(answer);
  return read.ok ? objectOf(read.node) : null;
};

/** How many characters may be read in vain before the search for an object is given up. */
const MAX_WASTE = 2_000_000;

/**
 * The first JSON value among other text that is whole and valid, as an object (see {@link readJsonObject}). Nothing is
 * repaired. Null when there is none.
 */
export const findJsonObject = (answer: string): ObjectNode | null => {
  let waste = 0;
  const notWhole = new Set<number>();
  for (const { index } of answer.matchAll(/[{[]/g)) {
    const { node, end } = readStrictValue(answer, index, notWhole);
    if (node !== null) return objectOf(node);
    waste += end - index + 1;
    if (waste > MAX_WASTE) return null;
  }
  return null;
};

const objectOf = (node: JsonNode): ObjectNode | null => {
  if (node.kind === "object") return node;
  if (node.kind !== "array") return null;
  const first = node.items.find((item) => item.kind === "object");
  return first ?? { kind: "object", entries: [], cut: node.cut, start: node.start, end: node.end };
};
