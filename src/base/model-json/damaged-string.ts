import {
  countUnescaped,
  type DamagedCursor,
  findNext,
  findUnescaped,
  isUnescaped,
  noteSteps,
  noteWork,
  passBlanks,
  placeOf,
  skipBlanks,
} from "./damaged-cursor.ts";
import { readStrictString } from "./strict-json.ts";

/** Quotes that begin a string, with those that end it. */
const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\u201c": "\u201d" };

const LETTER = /[\p{L}\p{N}]/u;
const ALPHA = /\p{L}/u;
const BLANK = /\s/;

/** A string of a damaged text. `closed` says whether its end was there; `bare` that no quote began it. */
export type DamagedString = { readonly value: string; readonly bare: boolean; readonly closed: boolean };

const EMPTY: DamagedString = { value: "", bare: false, closed: true };

export const isQuote = (character: string): boolean => QUOTES[character] !== undefined;
export const isLetter = (character: string): boolean => LETTER.test(character);

/**
 * Reads a string at the cursor, with or without quotes around it. Whether a quote inside ends it is decided by
 * what follows, as json_repair decides it.
 */
export const readDamagedString = (cursor: DamagedCursor): DamagedString => {
  const start = cursor.at;
  const read = readString(cursor);
  noteSteps(cursor, start);
  return read;
};

const readString = (cursor: DamagedCursor): DamagedString => {
  const { text } = cursor;
  while (cursor.at < text.length && !startsString(text, cursor.at)) cursor.at += 1;
  if (cursor.at >= text.length) return EMPTY;
  const open = text.charAt(cursor.at);
  const close = QUOTES[open];
  const exact = cursor.notWhole === null ? null : readExact(cursor);
  if (exact !== null) return exact;
  if (close === undefined) return readUntil(cursor, { open: '"', close: '"', bare: true, doubled: false });
  cursor.at += 1;
  const afterOpen = cursor.at;
  const second = readSecondQuote(cursor, open, close);
  if (second === "empty") return EMPTY;
  const skipped = cursor.at - afterOpen;
  return readUntil(
    cursor,
    { open, close, bare: false, doubled: second === "doubled" },
    second === "inside",
    skipped,
  );
};

const AFTER_KEY = /\s*:/y;
const AFTER_VALUE = /\s*(?:$|[}\]]|,\s*(?:$|["'}\]\u201c{[]|\/[/*]))/y;

/** A string that is JSON as it stands, where what follows is what follows a string, or that the text's end cuts off. */
const readExact = (cursor: DamagedCursor): DamagedString | null => {
  const { text, at } = cursor;
  if (text[at] === '"' && findUnescaped(cursor, '"', at + 1) >= text.length) {
    cursor.at = text.length;
    return { value: text.slice(at + 1), bare: false, closed: false };
  }
  const read = readStrictString(text, at);
  if (read === null) return null;
  const after = placeOf(cursor) === "key" ? AFTER_KEY : AFTER_VALUE;
  after.lastIndex = read.end;
  if (!after.test(text)) return null;
  cursor.at = read.end;
  return { value: read.value, bare: false, closed: true };
};

const startsString = (text: string, at: number): boolean => {
  const character = text.charAt(at);
  return isQuote(character) || LETTER.test(String.fromCodePoint(text.codePointAt(at) ?? 0));
};

type Second = "none" | "empty" | "doubled" | "inside";

/** Decides what a second quote right behind the first one means, and passes over it where it means nothing. */
const readSecondQuote = (cursor: DamagedCursor, open: string, close: string): Second => {
  const { text, at } = cursor;
  if (text[at] !== open) return "none";
  const place = placeOf(cursor);
  const enders = { key: ":", value: ",}]", item: ",]", group: "" }[place ?? "group"];
  if (enders.includes(text[skipBlanks(cursor, at + 1)] ?? " ")) {
    cursor.at = at + 1;
    return "empty";
  }
  if (text[at + 1] === open && text[at + 2] !== open) return "empty";
  const next = findUnescaped(cursor, close, at + 1);
  if (text[next + 1] === close) {
    cursor.at = at + 1;
    return "doubled";
  }
  if (place === "value" && quotesOnlyBeginning(cursor, close, next)) return "inside";
  const after = text.charAt(skipBlanks(cursor, at + 1));
  if (after === open || after === "{" || after === "[") {
    cursor.at = at + 1;
    return "empty";
  }
  if (after !== "," && after !== "]" && after !== "}") cursor.at = at + 1;
  return "none";
};

/** Whether a quoted beginning, which ends at `next`, is followed by one quote that ends the value: `""a" b"`. */
const quotesOnlyBeginning = (cursor: DamagedCursor, close: string, next: number): boolean => {
  const { text } = cursor;
  const end = findUnescaped(cursor, close, next + 1);
  if (end >= text.length) return false;
  const after = skipBlanks(cursor, end + 1);
  return after >= text.length || text[after] === "," || text[after] === "}";
};

type Delimiters = {
  readonly open: string;
  readonly close: string;
  readonly bare: boolean;
  readonly doubled: boolean;
};

/** How far a string was read, and what of it decides about the quotes that follow. */
type Reading = {
  readonly parts: string[];
  /** Quotes so far, and braces that are open. */
  quotes: number;
  braces: number;
  /** Whether a pair of quotes is open. */
  unmatched: boolean;
  /** Whether a quote that follows at once is the end, whatever comes after it. */
  endsAtQuote: boolean;
  /** Whether a curly quote was passed. */
  hasCurly: boolean;
};

const readUntil = (
  cursor: DamagedCursor,
  delimiters: Delimiters,
  startsQuoted = false,
  skipped = 0,
): DamagedString => {
  const { text } = cursor;
  const reading: Reading = {
    parts: [],
    quotes: skipped,
    braces: 0,
    unmatched: startsQuoted,
    endsAtQuote: false,
    hasCurly: false,
  };
  if (startsQuoted) {
    reading.parts.push(delimiters.close);
    cursor.at += 1;
  }
  let end: "quote" | "here" | null = null;
  while (cursor.at < text.length && end === null) {
    const character = text.charAt(cursor.at);
    if (character === "\\") {
      passEscape(cursor, delimiters, reading);
      continue;
    }
    if (character === "," && passContainer(cursor, delimiters, reading)) continue;
    end =
      character === delimiters.close
        ? endAtQuote(cursor, delimiters, reading)
        : endAtCharacter(cursor, delimiters, reading);
    if (end !== null) break;
    reading.parts.push(character);
    cursor.at += 1;
  }
  const next = text.charAt(skipBlanks(cursor, cursor.at + 1));
  const isWhole = end === "quote" && reading.quotes === 0 && ",}]:".includes(next);
  if (!delimiters.bare && !isWhole) cursor.isBroken = true;
  return finishString(cursor, delimiters.bare, reading.parts.join(""), end === "quote");
};

const CLOSERS: Readonly<Record<string, string>> = { "{": "}", "[": "]" };

/** Where the list or the object ends that begins at the offset, by its brackets outside of quotes; null when it does not. */
const endOfContainer = (cursor: DamagedCursor, start: number): number | null => {
  const { text } = cursor;
  const open: string[] = [];
  let isQuoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && CLOSERS[character] !== undefined) open.push(CLOSERS[character]);
    else if (!isQuoted && "}]".includes(character) && open.pop() !== character) return null;
    if (open.length === 0) return at + 1;
  }
  return null;
};

/** Takes a list or an object right behind the comma at the cursor as text, where it is whole. */
const passContainer = (cursor: DamagedCursor, delimiters: Delimiters, reading: Reading): boolean => {
  const { text, at } = cursor;
  const start = skipBlanks(cursor, at + 1);
  if (placeOf(cursor) !== "value" || delimiters.bare || CLOSERS[text.charAt(start)] === undefined)
    return false;
  const end = endOfContainer(cursor, start);
  noteWork(cursor, (end ?? text.length) - start);
  if (end === null) return false;
  reading.parts.push(text.slice(at, end));
  reading.endsAtQuote = false;
  cursor.at = end;
  return true;
};

const passEscape = (cursor: DamagedCursor, { close }: Delimiters, reading: Reading): void => {
  const read = readEscape(cursor, close);
  reading.endsAtQuote = read !== "\\";
  reading.parts.push(read);
  if (read !== close) return;
  reading.quotes += 1;
  if (cursor.text[cursor.at] === "}" && cursor.places.includes("item")) cursor.doubtful = true;
};

/** Whether the string ends with the quote at the cursor, or in front of it. */
const endAtQuote = (
  cursor: DamagedCursor,
  delimiters: Delimiters,
  reading: Reading,
): "quote" | "here" | null => {
  const { close, bare, doubled } = delimiters;
  const place = placeOf(cursor);
  if (doubled && cursor.text[cursor.at + 1] === close) {
    cursor.at += 1;
    return "quote";
  }
  if (bare && place === "value") return "here";
  if (reading.endsAtQuote && !bare && place !== "key") return "quote";
  if (reading.unmatched) reading.unmatched = false;
  else {
    const meaning = meaningOfQuote(cursor, delimiters, reading.quotes % 2 === 1);
    if (meaning === "end") return "quote";
    reading.unmatched = meaning === "opens";
  }
  reading.quotes += 1;
  reading.endsAtQuote = true;
  return null;
};

/** Whether the string ends in front of the character at the cursor, which is no quote. */
const endAtCharacter = (cursor: DamagedCursor, delimiters: Delimiters, reading: Reading): "here" | null => {
  const place = placeOf(cursor);
  const character = cursor.text.charAt(cursor.at);
  const inBraces = reading.braces > 0;
  if (delimiters.bare ? endsBare(place, character) : endsUnclosed(cursor, delimiters, reading)) return "here";
  if (delimiters.bare && place === "value" && "([{".includes(character)) cursor.doubtful = true;
  reading.endsAtQuote = place === "value" && (character === "," || (character === "}" && inBraces));
  reading.hasCurly ||= character === "\u201c" || character === "\u201d";
  if (character === "{") reading.braces += 1;
  if (character === "}" && inBraces) reading.braces -= 1;
  return null;
};

const finishString = (
  cursor: DamagedCursor,
  bare: boolean,
  read: string,
  endedByQuote: boolean,
): DamagedString => {
  const { text } = cursor;
  if (bare && placeOf(cursor) === "key" && BLANK.test(text.charAt(cursor.at))) {
    passBlanks(cursor);
    if (text[cursor.at] !== ":" && text[cursor.at] !== ",") return { value: "", bare, closed: true };
  }
  if (endedByQuote) cursor.at += 1;
  const value = !endedByQuote || bare || read.endsWith("\n") ? read.trimEnd() : read;
  return { value, bare, closed: endedByQuote || (bare && cursor.at < text.length) };
};

const endsBare = (place: string | undefined, character: string): boolean => {
  if (place === "key") return character === ":" || BLANK.test(character);
  if (place === "value") return character === "," || character === "}";
  if (place === "item") return character === "," || character === "]";
  return false;
};

/** Whether a string whose closing quote is missing ends in front of the cursor. */
const endsUnclosed = (cursor: DamagedCursor, delimiters: Delimiters, reading: Reading): boolean => {
  const { text, at } = cursor;
  const { close } = delimiters;
  const character = text.charAt(at);
  switch (placeOf(cursor)) {
    case "key":
      return character === ":" && valueFollows(cursor, close);
    case "item":
      return endsList(cursor, close, reading);
    case "value":
      if (endsList(cursor, close, reading)) return true;
      if (character === ",") return closesAtComma(cursor, close, reading) || entryFollows(cursor, delimiters);
      if (character !== "}") return false;
      if (reading.braces > 0 && skipBlanks(cursor, at + 1) < text.length) return false;
      return entryFollows(cursor, delimiters);
    default:
      return false;
  }
};

/** Whether the bracket at the cursor ends a list around the string, since no quote follows that could end the string. */
const endsList = (cursor: DamagedCursor, close: string, reading: Reading): boolean =>
  cursor.text[cursor.at] === "]" &&
  cursor.places.includes("item") &&
  reading.parts.at(-1) !== close &&
  findUnescaped(cursor, close, cursor.at + 1) >= cursor.text.length;

/** A key behind a comma that lacks its quotes, and the beginning of its value. */
const BARE_ENTRY = /,\s*['`]?[\p{L}\p{N}_-]+'?\s*:\s*(?:(")|['\u201c[{\\\d]|(?:true|false|null)\b)/uy;

/** Whether a brace or a bare entry follows the comma at the cursor, and more quotes than the one that ends the value. */
const closesAtComma = (cursor: DamagedCursor, close: string, { quotes, hasCurly }: Reading): boolean => {
  const { text, at } = cursor;
  BARE_ENTRY.lastIndex = at;
  const entry = BARE_ENTRY.exec(text);
  if (entry?.[1] !== undefined) return true;
  if (entry === null && text[skipBlanks(cursor, at + 1)] !== "}") return false;
  const next = findUnescaped(cursor, close, at + 1);
  return quotes > 0 || hasCurly || findUnescaped(cursor, close, next + 1) < text.length;
};

/** Whether behind the comma or brace at the cursor comes the key of an entry, or nothing that ends the value. */
const entryFollows = (cursor: DamagedCursor, { open, close }: Delimiters): boolean => {
  const { text, at } = cursor;
  const quote = findUnescaped(cursor, close, at + 1);
  if (quote >= text.length) {
    if (text[at] === "}") return skipBlanks(cursor, at + 1) >= text.length;
    return findNext(cursor, ":", at + 1) < text.length;
  }
  if (text[at] === "," && findNext(cursor, "'[{\u201c\u201d", at + 1) < quote) return false;
  const after = skipBlanks(cursor, quote + 1);
  if (after >= text.length || text[after] === "," || text[after] === "}") return false;
  const second = findUnescaped(cursor, open, after);
  if (second >= text.length) return false;
  const behind = skipBlanks(cursor, second + 1);
  return behind >= text.length || text[behind] === ":";
};

/** Whether the colon at the cursor ends a key whose quote is missing: `"a: "x",`, or no quote follows at all. */
const valueFollows = (cursor: DamagedCursor, close: string): boolean => {
  const { text } = cursor;
  const first = findUnescaped(cursor, close, cursor.at + 1);
  if (first >= text.length) return true;
  const second = findUnescaped(cursor, close, first + 1);
  if (second >= text.length) return false;
  const after = skipBlanks(cursor, second + 1);
  return after >= text.length || text[after] === "," || text[after] === "}";
};

type Meaning = "end" | "opens" | "inside";

/** Where the look for what a quote means stops: the next quote, or what ends the things around the string. */
const stopAfterQuote = (cursor: DamagedCursor, { open, close }: Delimiters): number => {
  const { text, places } = cursor;
  const place = placeOf(cursor);
  const stops = `${places.includes("key") ? ":}" : ""}${places.includes("value") ? "}" : ""}${places.includes("item") ? "]," : ""}`;
  let isLetterSeen = false;
  for (let at = cursor.at + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === open || character === close || stops.includes(character)) return at;
    isLetterSeen ||= ALPHA.test(character);
    if (character === "," && place === "value" && !isLetterSeen) return at;
  }
  return text.length;
};

/** What the quote at the cursor means: the end of the string, the first of a pair inside it, or a lone one. */
const meaningOfQuote = (cursor: DamagedCursor, delimiters: Delimiters, isOdd: boolean): Meaning => {
  const { text } = cursor;
  const { close } = delimiters;
  const stop = stopAfterQuote(cursor, delimiters);
  const place = placeOf(cursor);
  if (text[stop] === "," && place === "value") {
    return isOdd && isFollowed(cursor, findUnescaped(cursor, close, stop + 1)) ? "inside" : "end";
  }
  if (text[stop] !== close || text[stop - 1] === "\\") return "end";
  if (skipBlanks(cursor, cursor.at + 1) === stop) return "end";
  if (place === "value") return meaningBeforeQuote(cursor, delimiters, stop);
  if (place === "item") return pairsInside(cursor, close, stop) ? "opens" : "end";
  return place === "key" ? "inside" : "end";
};

const BARE_KEY = /[\p{L}\p{N}_-]+\s*:/uy;

/** What a quote inside a value means that another one, at `quote`, follows. */
const meaningBeforeQuote = (cursor: DamagedCursor, { open, close }: Delimiters, quote: number): Meaning => {
  const { text } = cursor;
  const comma = skipBlanks(cursor, quote + 1);
  if (text[comma] === ",") {
    const key = skipBlanks(cursor, comma + 1);
    const colon = skipBlanks(cursor, findUnescaped(cursor, close, key + 2) + 1);
    if (text[key] === open && text[colon] === ":") return "inside";
    BARE_KEY.lastIndex = key;
    if (BARE_KEY.test(text)) return "inside";
  }
  let stop = findUnescaped(cursor, close, quote + 1) + 1;
  while (stop < text.length && !":,]}".includes(text.charAt(stop)) && !isUnescaped(text, close, stop))
    stop += 1;
  if (text[stop] === ":") return "end";
  return quotesListItem(cursor, quote) ? "inside" : "opens";
};

/** Brackets of a list right in front of a quote. */
const LIST_BEFORE = /\[[^\p{L}\p{N}"\]]*$/u;
const LIST_LOOK_BACK = 40;

/** Whether the quotes at the cursor and at `quote` are around words in a list: `["two words"]`. */
const quotesListItem = (cursor: DamagedCursor, quote: number): boolean => {
  const { text, at } = cursor;
  return (
    LIST_BEFORE.test(text.slice(Math.max(0, at - LIST_LOOK_BACK), at)) &&
    (findNext(cursor, "]", at) < quote ||
      (/\s/.test(text.slice(at, quote)) && findNext(cursor, "]", quote) < text.length))
  );
};

/** Whether the quote at `quote` is there and a comma or a brace follows it. */
const isFollowed = (cursor: DamagedCursor, quote: number): boolean => {
  const after = cursor.text[skipBlanks(cursor, quote + 1)];
  return after === "," || after === "}";
};

/** Whether the quotes from `quote` to the end of the list are pairs. */
const pairsInside = (cursor: DamagedCursor, close: string, quote: number): boolean =>
  countUnescaped(cursor, close, quote, findNext(cursor, "]", quote)) % 2 === 0;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", "\\": "\\" };

/** An escape that is known, or the backslash for itself. */
const readEscape = (cursor: DamagedCursor, close: string): string => {
  const { text, at } = cursor;
  const character = text.charAt(at + 1);
  const length = character === "u" ? 4 : character === "x" ? 2 : 0;
  const hex = length === 0 ? "" : text.slice(at + 2, at + 2 + length);
  if (length > 0 && hex.length === length && /^[\da-f]+$/i.test(hex)) {
    cursor.at += 2 + length;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
  const known =
    ESCAPES[character] ??
    (character === close || character === "\u201d" || isQuote(character) ? character : undefined);
  cursor.at += known === undefined ? 1 : 2;
  return known ?? "\\";
};
