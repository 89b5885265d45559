import {
  createCursor,
  type DamagedCursor,
  findNext,
  giveUp,
  passBlanks,
  placeOf,
  skipBlanks,
  type Place,
} from "./damaged-cursor.ts";
import { isLetter, isQuote, readDamagedString } from "./damaged-string.ts";
import { isFilled, type JsonNode } from "./json-node.ts";
import { numberNode } from "./json-number.ts";
import { readStrictValue } from "./strict-json.ts";

/** Deeper values are refused, so that no text can exhaust the stack. */
const MAX_DEPTH = 400;

/** Reads the value at the cursor, or null when the text ends without one. */
const readValue = (cursor: DamagedCursor): JsonNode | null => {
  const { text } = cursor;
  for (;;) {
    const character = text[cursor.at];
    if (character === undefined) return null;
    if (character === "{" || character === "[") {
      return readWhole(cursor) ?? inPlace(cursor, character === "{" ? readObject : readArray);
    }
    const inside = cursor.places.length > 0;
    if (character === "(" && inside) return inPlace(cursor, readGroup);
    if (inside && (isQuote(character) || isLetter(character)) && !/\d/.test(character))
      return readText(cursor);
    if (inside && /[\d.+-]/.test(character)) return readNumber(cursor);
    if (isComment(cursor)) passComment(cursor);
    else cursor.at += 1;
  }
};

const readWhole = (cursor: DamagedCursor): JsonNode | null => {
  const { text, at, notWhole, metFirst } = cursor;
  cursor.metFirst = true;
  if (notWhole === null && metFirst) return null;
  const { node } = readStrictValue(text, at, notWhole ?? new Set());
  // json_repair reads a text anew that goes on with a comma.
  if (notWhole === null && node !== null && at === 0 && text[skipBlanks(cursor, node.end)] === ",")
    return null;
  if (node !== null) cursor.at = node.end;
  return node;
};

const inPlace = (cursor: DamagedCursor, read: (cursor: DamagedCursor) => JsonNode): JsonNode => {
  const depth = cursor.places.length;
  if (depth > MAX_DEPTH) {
    const start = cursor.at;
    giveUp(cursor, "too-deep");
    return { kind: "scalar", value: null, cut: true, start, end: cursor.at };
  }
  const node = read(cursor);
  cursor.places.length = depth;
  return node;
};

const setPlace = (cursor: DamagedCursor, depth: number, place: Place): void => {
  cursor.places.length = depth;
  cursor.places.push(place);
};

const isComment = ({ text, at }: DamagedCursor): boolean =>
  text[at] === "#" || (text[at] === "/" && (text[at + 1] === "/" || text[at + 1] === "*"));

const passComment = (cursor: DamagedCursor): void => {
  const { text, at, places } = cursor;
  if (text[at + 1] === "*" && text[at] === "/") {
    const end = text.indexOf("*/", at + 2);
    cursor.at = end < 0 ? text.length : end + 2;
    return;
  }
  const stops = `\n\r${places.includes("item") ? "]" : ""}${places.includes("value") ? "}" : ""}${placeOf(cursor) === "key" ? ":" : ""}`;
  cursor.at = findNext(cursor, stops, at + 1);
};

const WORDS: Readonly<Record<string, null | boolean>> = { true: true, false: false, null: null, none: null };
const WORD = /(?:true|false|null|none)(?![\p{L}\p{N}_])/iuy;

const readText = (cursor: DamagedCursor): JsonNode => {
  const { text } = cursor;
  const start = cursor.at;
  WORD.lastIndex = start;
  const word = WORD.exec(text)?.[0];
  if (word !== undefined) {
    cursor.at += word.length;
    if (!",}]".includes(text.charAt(skipBlanks(cursor, cursor.at)))) cursor.doubtful = true;
    return { kind: "scalar", value: WORDS[word.toLowerCase()] ?? null, cut: false, start, end: cursor.at };
  }
  const fenced = readFenced(cursor);
  if (fenced !== null) return fenced;
  const { value, closed } = readDamagedString(cursor);
  return { kind: "scalar", value, cut: !closed, start, end: cursor.at };
};

const FENCE = "```json";

/** The JSON in a fence with which a quoted string begins, which json_repair takes in the place of the string. */
const readFenced = (cursor: DamagedCursor): JsonNode | null => {
  const { text, at } = cursor;
  const inside = at + 1 + FENCE.length;
  if (!isQuote(text.charAt(at)) || !text.startsWith(FENCE, at + 1) || !text.includes("```", inside))
    return null;
  cursor.at = inside;
  const node = readValue(cursor) ?? { kind: "scalar", value: "", cut: true, start: at, end: cursor.at };
  // What is no JSON in a fence is read by rules of its own.
  if (node.kind !== "object" && node.kind !== "array") cursor.doubtful = true;
  return node;
};

const NUMBER_SIGNS = /[\d.eE/_+,-]/;

const readNumber = (cursor: DamagedCursor): JsonNode => {
  const { text } = cursor;
  const start = cursor.at;
  const isItem = placeOf(cursor) === "item";
  let written = "";
  while (cursor.at < text.length) {
    const character = text.charAt(cursor.at);
    if (!NUMBER_SIGNS.test(character) || (character === "," && isItem)) break;
    if (character !== "_") written += character;
    cursor.at += 1;
  }
  if (/[-eE/,+]$/.test(written)) {
    written = written.slice(0, -1);
    cursor.at -= 1;
  } else if (isLetter(text.charAt(cursor.at))) {
    cursor.at = start;
    return readText(cursor);
  }
  const place = { cut: false, start, end: cursor.at };
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(written)) {
    const plain = written.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");
    return numberNode(plain, start, cursor.at);
  }
  return { kind: "scalar", value: written, ...place };
};

const readArray = (cursor: DamagedCursor): JsonNode => {
  const start = cursor.at;
  cursor.at += 1;
  return readItems(cursor, start, "item", "]}");
};

const readGroup = (cursor: DamagedCursor): JsonNode => {
  const start = cursor.at;
  cursor.at += 1;
  const list = readItems(cursor, start, "group", ")");
  const inside = cursor.text.slice(start, cursor.at);
  if (list.kind !== "array" || list.items.length !== 1 || inside.includes(",")) return list;
  return list.items[0] ?? list;
};

const readItems = (cursor: DamagedCursor, start: number, place: Place, closers: string): JsonNode => {
  const { text } = cursor;
  const depth = cursor.places.length;
  const items: JsonNode[] = [];
  setPlace(cursor, depth, place);
  passBlanks(cursor);
  while (cursor.at < text.length && !closers.includes(text.charAt(cursor.at))) {
    const before = cursor.at;
    const item = readItem(cursor, depth, items.at(-1)?.kind === "object");
    if (item === "closed") {
      return { kind: "array", items, cut: false, start, end: cursor.at };
    }
    setPlace(cursor, depth, place);
    // What is empty counts only where the list goes on or ends right behind it.
    if (item !== null && (isFilled(item) || isNumberOrWord(item) || /[,\]]/.test(text.charAt(cursor.at))))
      items.push(item);
    // A lone sign, as in `[-]`, is no item.
    if (cursor.at === before) cursor.at += 1;
    while (cursor.at < text.length && /[\s,]/.test(text.charAt(cursor.at))) cursor.at += 1;
  }
  const cut = cursor.at >= text.length;
  if (!cut) cursor.at += 1;
  return { kind: "array", items, cut, start, end: cursor.at };
};

const isNumberOrWord = (node: JsonNode): boolean =>
  node.kind === "number" || (node.kind === "scalar" && node.value !== "");

const KEY = /"[^"\\\n]{0,200}"\s*:/y;

/** One item; null for what is nothing, "closed" where the list ends since an entry of the object around it begins. */
const readItem = (
  cursor: DamagedCursor,
  depth: number,
  amongObjects: boolean,
): JsonNode | null | "closed" => {
  const { text } = cursor;
  const start = cursor.at;
  const fenced = readFenced(cursor);
  if (fenced !== null) return fenced;
  if (isQuote(text.charAt(start))) {
    KEY.lastIndex = start;
    const isKey = KEY.test(text);
    const { value, closed } = isKey ? { value: "", closed: true } : readDamagedString(cursor);
    const next = text.charAt(skipBlanks(cursor, cursor.at));
    if (!isKey && !',]}"'.includes(next)) cursor.doubtful = true;
    if (isKey || next === ":") {
      cursor.at = start;
      if (cursor.places[depth - 1] === "value" && !amongObjects) return "closed";
      return readEntries(cursor, start);
    }
    return { kind: "scalar", value, cut: !closed, start, end: cursor.at };
  }
  const value = readValue(cursor);
  if (value === null) return null;
  const before = text.slice(Math.max(0, cursor.at - 3), cursor.at);
  if (value.kind === "object" && value.cut && value.entries.length === 0) return null;
  const isNothing =
    value.kind === "scalar" && (value.value === "" || (value.value === "..." && before === "..."));
  return isNothing ? null : value;
};

const readObject = (cursor: DamagedCursor): JsonNode => {
  const start = cursor.at;
  cursor.at += 1;
  return readEntries(cursor, start);
};

const readEntries = (cursor: DamagedCursor, start: number): JsonNode => {
  const { text } = cursor;
  const depth = cursor.places.length;
  const inList = placeOf(cursor) === "item";
  const entries = new Map<string, JsonNode>();
  const finish = (cut: boolean): JsonNode => ({
    kind: "object",
    entries: [...entries],
    cut,
    start,
    end: cursor.at,
  });
  /** The items of the last entry's list, which another list right behind it goes on with. */
  let lastItems: JsonNode[] | null = null;
  for (;;) {
    passBlanks(cursor);
    if (cursor.at >= text.length) return finish(true);
    if (text[cursor.at] === "}") break;
    if (text[cursor.at] === ":") cursor.at += 1;
    setPlace(cursor, depth, "key");
    const keyStart = cursor.at;
    const read = readKey(cursor, lastItems);
    if (read.kind === "items") continue;
    const { key, brace } = read;
    passBlanks(cursor);
    if (inList && brace !== null && entries.has(key)) {
      cursor.at = brace;
      return finish(false);
    }
    if (cursor.at >= text.length || text[cursor.at] === "}") {
      if (entries.size === 0 && key !== "" && text[start] === "{") {
        cursor.at = keyStart;
        return readItems(cursor, start, "item", "]}");
      }
      if (cursor.at >= text.length) return finish(true);
      break;
    }
    cursor.at += 1;
    setPlace(cursor, depth, "value");
    const value = readEntryValue(cursor);
    lastItems = value.kind === "array" ? [...value.items] : null;
    entries.set(key, value.kind === "array" && lastItems !== null ? { ...value, items: lastItems } : value);
    if (/[,'"]/.test(text.charAt(cursor.at))) cursor.at += 1;
  }
  cursor.at += 1;
  return finish(false);
};

const readEntryValue = (cursor: DamagedCursor): JsonNode => {
  passBlanks(cursor);
  const start = cursor.at;
  const character = cursor.text.charAt(start);
  const value = character === "," || character === "}" ? null : readValue(cursor);
  const cut = cursor.at >= cursor.text.length;
  return value ?? { kind: "scalar", value: "", cut, start, end: cursor.at };
};

type Key =
  /** `brace`: where an opening brace stands right before the key. */
  | { readonly kind: "key"; readonly key: string; readonly brace: number | null }
  /** More items of the list that is the last entry's value; they were added to it. */
  | { readonly kind: "items" };

/**
 * The text of a key. What is behind the rest of a broken string is hardly one, but json_repair takes it as one, in ways
 * of its own.
 */
const readKeyText = (cursor: DamagedCursor, isBehindRest: boolean): string => {
  const { text, at } = cursor;
  const first = text.charAt(at);
  let before = at - 1;
  while (/\s/.test(text.charAt(before))) before -= 1;
  const isInText = isBehindRest || (cursor.isBroken && text[before] !== ",");
  const { value } = readDamagedString(cursor);
  const isOdd = value === "" ? !isQuote(first) : value.includes('"');
  cursor.doubtful ||= (isInText && first !== '"') || (isOdd && cursor.places.includes("item"));
  return value;
};

const readKey = (cursor: DamagedCursor, lastItems: JsonNode[] | null): Key => {
  const { text } = cursor;
  let brace: number | null = null;
  let isBehindRest = false;
  while (cursor.at < text.length) {
    passBlanks(cursor);
    const character = text.charAt(cursor.at);
    if (character === "[" && lastItems !== null) {
      const more = inPlace(cursor, readArray);
      for (const item of more.kind === "array" ? more.items : []) lastItems.push(item);
      return { kind: "items" };
    }
    if (isComment(cursor)) {
      const { at } = cursor;
      passComment(cursor);
      cursor.doubtful ||= text.slice(at, cursor.at).includes('"');
      continue;
    }
    if (character === ":" || character === "}") return { kind: "key", key: "", brace };
    if (!isQuote(character) && !isLetter(character)) {
      if (character === "{") brace = cursor.at;
      isBehindRest ||= character !== ",";
      cursor.at += 1;
      continue;
    }
    const value = readKeyText(cursor, isBehindRest);
    if (value !== "" || text[cursor.at] === ":" || text[cursor.at] === "}")
      return { kind: "key", key: value, brace };
    if (!isQuote(character)) brace = null;
  }
  return { kind: "key", key: "", brace };
};

/** Whether two values have the same keys and kinds, so that the later one is the earlier one said better. */
const isSameShape = (first: JsonNode, second: JsonNode): boolean => {
  if (first.kind === "object") {
    if (second.kind !== "object" || first.entries.length !== second.entries.length) return false;
    const others = new Map(second.entries);
    return first.entries.every(([key, value]) => {
      const other = others.get(key);
      return other !== undefined && isSameShape(value, other);
    });
  }
  if (first.kind === "array") {
    return (
      second.kind === "array" &&
      first.items.length === second.items.length &&
      first.items.every((item, at) => {
        const other = second.items[at];
        return other !== undefined && isSameShape(item, other);
      })
    );
  }
  if (first.kind === "number" || second.kind === "number") return first.kind === second.kind;
  if (second.kind !== "scalar") return false;
  return typeof first.value === typeof second.value;
};

/** An object whose quotes all have a backslash in front, as it stands inside a string of JSON. */
const ESCAPED_OBJECT = /^\s*\{\s*\\"/;

/** An object whose first brace is missing. */
const UNOPENED_OBJECT = /^\s*"[^"\\\n]*"\s*:[\s\S]*\}\s*$/;

const restoreBrackets = (text: string): string => {
  if (ESCAPED_OBJECT.test(text)) return text.replace(/\\(["\\])/g, "$1");
  return UNOPENED_OBJECT.test(text) ? `{${text}` : text;
};

/** The values that stand in a text, one after the other: the only one, or a list of them; null when there is none. */
const readAll = (cursor: DamagedCursor): JsonNode | null => {
  const { text } = cursor;
  const values: JsonNode[] = [];
  let lastEnd = 0;
  for (let value = readValue(cursor); value !== null; value = readValue(cursor)) {
    const previous = values.at(-1);
    const separated = text.slice(lastEnd, value.start).includes(",");
    lastEnd = cursor.at;
    const replaces =
      previous !== undefined && (!isFilled(previous) || (!separated && isSameShape(previous, value)));
    if (replaces && isFilled(value)) values.pop();
    if (previous === undefined || isFilled(value)) values.push(value);
  }
  const [only] = values;
  if (values.length <= 1) return only ?? null;
  // What follows a broken value is text, mostly, of which json_repair makes values in its own ways.
  if (cursor.isBroken) cursor.doubtful = true;
  return { kind: "array", items: values, cut: values.at(-1)?.cut === true, start: 0, end: text.length };
};

/** What a reading of damaged JSON came to. Nothing of it is thrown. */
export type DamagedReading =
  /** `doubtful`: it is not sure that json_repair reads the text so; never send it on as if it were. */
  | { readonly ok: true; readonly node: JsonNode; readonly doubtful: boolean }
  | { readonly ok: false; readonly reason: "no-json" | "too-deep" | "too-damaged" };

const guarded = (cursor: DamagedCursor, read: (cursor: DamagedCursor) => JsonNode | null): DamagedReading => {
  cursor.places.length = 0;
  cursor.doubtful = false;
  cursor.isBroken = false;
  cursor.givenUp = null;
  const node = read(cursor);
  if (cursor.givenUp !== null) return { ok: false, reason: cursor.givenUp };
  return node === null ? { ok: false, reason: "no-json" } : { ok: true, node, doubtful: cursor.doubtful };
};

/** Reads all that a damaged text holds. */
export const readDamagedJson = (text: string): DamagedReading =>
  guarded(createCursor(restoreBrackets(text), null), readAll);

/**
 * Reads single values out of a text, each from the offset where its `{` or `[` stands. Unlike json_repair it takes what is
 * whole inside a damaged value as it stands. `notWhole` is shared with {@link readStrictValue}.
 */
export const createDamagedReader = (
  text: string,
  notWhole: Set<number>,
): ((start: number) => DamagedReading) => {
  const cursor = createCursor(text, notWhole);
  return (start) => {
    cursor.at = start;
    return guarded(cursor, readValue);
  };
};
