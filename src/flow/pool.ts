import type { Json } from "../base/json.ts";
import { type Exact, exactEntries } from "./exact.ts";
import { textOfVariable } from "./value-text.ts";
import { exactVariable, isJsonObject, type Variable, variableOf } from "./value-type.ts";
import { ownValue } from "./own-value.ts";

/** Where a value lies: a node's id (or `sys`, `env`, `conversation`), a name, and keys inside the value. */
export type Selector = readonly string[];

/**
 * The values that a run has produced so far, by node and name. Immutable: writing gives a new pool, so
 * that every item of an iteration can go on with a pool of its own at no cost.
 */
export type Pool = ReadonlyMap<string, ReadonlyMap<string, Variable>>;

/** One value to be written into a pool. */
export type PoolWrite = { readonly selector: readonly [string, string]; readonly variable: Variable };

/** A pool with nothing in it. */
export const EMPTY_POOL: Pool = new Map();

/** A pool that holds `writes` too, the later ones winning. */
export const writePool = (pool: Pool, writes: readonly PoolWrite[]): Pool => {
  if (writes.length === 0) return pool;
  const next = new Map(pool);
  for (const { selector, variable } of writes) {
    const [nodeId, name] = selector;
    next.set(nodeId, new Map(next.get(nodeId)).set(name, variable));
  }
  return next;
};

/** The writes that put `values` under one node's id. */
export const writesOf = (nodeId: string, values: Readonly<Record<string, Variable>>): readonly PoolWrite[] =>
  Object.entries(values).map(([name, variable]) => ({ selector: [nodeId, name], variable }));

/** A pool without any value of these nodes. */
export const dropNodes = (pool: Pool, nodeIds: Iterable<string>): Pool => {
  const next = new Map(pool);
  for (const nodeId of nodeIds) next.delete(nodeId);
  return next;
};

/** The writes that turn `before` into `after`; values that were dropped are not among them. */
export const poolChanges = (before: Pool, after: Pool): readonly PoolWrite[] =>
  [...after].flatMap(([nodeId, values]) =>
    [...values]
      .filter(([name, variable]) => before.get(nodeId)?.get(name) !== variable)
      .map(([name, variable]): PoolWrite => ({ selector: [nodeId, name], variable })),
  );

const FILE_ATTRIBUTES: Readonly<Record<string, string>> = {
  type: "type",
  size: "size",
  name: "filename",
  mime_type: "mime_type",
  transfer_method: "transfer_method",
  url: "url",
  extension: "extension",
  related_id: "related_id",
};

const readKey = (value: Json, type: Variable["type"], key: string): Json | undefined => {
  if (!isJsonObject(value)) return undefined;
  if (type !== "file") return Object.hasOwn(value, key) ? value[key] : undefined;
  const attribute = ownValue(FILE_ATTRIBUTES, key);
  if (attribute === undefined) return undefined;
  return value[attribute] ?? (key === "url" ? (value["remote_url"] ?? null) : null);
};

/**
 * The variable at a selector, or undefined when there is none. Keys behind the name walk into objects
 * (never into lists) and read a file's attributes; a selector of one element names nothing.
 */
export const readPool = (pool: Pool, selector: Selector): Variable | undefined => {
  const [nodeId, name, ...keys] = selector;
  if (nodeId === undefined || name === undefined) return undefined;
  let found = pool.get(nodeId)?.get(name);
  for (const key of keys) {
    if (found === undefined) return undefined;
    const inner = readKey(found.value, found.type, key);
    const exact: Exact | undefined = exactEntries(found.exact ?? null).find(([name]) => name === key)?.[1];
    if (inner === undefined) return undefined;
    found = exact === undefined ? variableOf(inner) : exactVariable(exact);
  }
  return found;
};

/** A reference inside a text, `{{#node.name.key#}}`; the pattern is Dify's own. */
const REFERENCE = /\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10})#\}\}/g;

/** The selectors that a text refers to, each once, in order of appearance. */
export const selectorsInText = (text: string): readonly Selector[] =>
  [...new Set([...text.matchAll(REFERENCE)].map(([, path]) => path ?? ""))].map((path) => path.split("."));

/** A piece of a text: as it stands, or what a reference names (`path` is its bare text). */
export type TextPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reference"; readonly selector: Selector; readonly path: string };

/** Cuts a text at its references. */
export const splitText = (text: string): readonly TextPart[] =>
  text.split(REFERENCE).flatMap((part, index): readonly TextPart[] => {
    if (part === "") return [];
    return index % 2 === 0
      ? [{ kind: "text", text: part }]
      : [{ kind: "reference", selector: part.split("."), path: part }];
  });

/**
 * A text with its references replaced by the texts of what they name. A reference that names nothing
 * becomes the bare path (`node.name`), as in Dify.
 */
export const resolveText = (pool: Pool, text: string): string =>
  splitText(text)
    .map((part) => {
      if (part.kind === "text") return part.text;
      const variable = readPool(pool, part.selector);
      return variable === undefined ? part.path : textOfVariable(variable);
    })
    .join("");
