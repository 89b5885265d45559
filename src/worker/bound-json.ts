import { beginningOf } from "../base/cut-text.ts";
import type { Json, JsonObject } from "../base/json.ts";

/** How much of a value is kept. */
export type JsonBounds = {
  /** The most characters of one text. */
  readonly text: number;
  /** The most characters of all texts and names together, about. */
  readonly total: number;
  /** The most members of one list or object. */
  readonly members: number;
  /** How deep lists and objects may be in one another. */
  readonly depth: number;
};

/** What a node took or gave, for people to look at. */
export const SHOWN_BOUNDS: JsonBounds = { text: 4_000, total: 16_000, members: 100, depth: 8 };

/** The same in a run that has many nodes, so that all of it together stays small. */
export const TIGHT_BOUNDS: JsonBounds = { ...SHOWN_BOUNDS, text: 1_000, total: 2_000 };

const LEFT_OUT = "…";
const LONGEST_NAME = 200;
/** What a number or a pair of brackets counts. */
const SMALL = 8;

/** The beginning of a text, with its length where it was cut; never half of a character. */
export const cutText = (text: string, most: number): string => {
  if (text.length <= most) return text;
  return `${beginningOf(text, most)}${LEFT_OUT} (${text.length} characters)`;
};

/**
 * A value small enough to keep: long texts are cut, long lists and objects end with a note of how much
 * is missing. Looks at no more of the value than it keeps, however large it is.
 */
export const boundJson = (value: JsonObject, bounds: JsonBounds = SHOWN_BOUNDS): JsonObject => {
  let left = bounds.total;
  const take = (text: string, most: number): string => {
    const cut = cutText(text, Math.min(most, left));
    left -= cut.length;
    return cut;
  };
  const bounded = (item: Json, depth: number): Json => {
    if (left <= 0) return LEFT_OUT;
    if (typeof item === "string") return take(item, bounds.text);
    left -= SMALL;
    if (typeof item !== "object" || item === null) return item;
    if (depth >= bounds.depth) return LEFT_OUT;
    return isList(item) ? list(item, depth + 1) : object(item, depth + 1);
  };
  const list = (items: readonly Json[], depth: number): Json => {
    const kept: Json[] = [];
    for (const item of items) {
      if (kept.length >= bounds.members || left <= 0) break;
      kept.push(bounded(item, depth));
    }
    return kept.length === items.length ? kept : [...kept, `${LEFT_OUT} ${items.length - kept.length} more`];
  };
  const object = (members: JsonObject, depth: number): JsonObject => {
    const names = Object.keys(members);
    const kept: [string, Json][] = [];
    for (const name of names) {
      if (kept.length >= bounds.members || left <= 0) break;
      kept.push([take(name, LONGEST_NAME), bounded(members[name] ?? null, depth)]);
    }
    if (kept.length < names.length) kept.push([LEFT_OUT, `${names.length - kept.length} more`]);
    return Object.fromEntries(kept);
  };
  return object(value, 1);
};

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
