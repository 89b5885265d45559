import {
  countUnescaped,
  type DamagedCursor,
  findNext,
  findUnescaped,
  noteSteps,
  passBlanks,
  placeOf,
  skipBlanks,
} from "./damaged-cursor.ts";
import { readStrictString } from "./strict-json.ts";

/** Quotes that begin a string, with those that end it. */
export const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\u201c": "\u201d" };

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
  const second = readSecondQuote(cursor, open, close);
  if (second === "empty") return EMPTY;
  return readUntil(cursor, { open, close, bare: false, doubled: second === "doubled" }, second === "inside");
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
  if (place === "key" && text[skipBlanks(cursor, at + 1)] === ":") {
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
};

const readUntil = (cursor: DamagedCursor, delimiters: Delimiters, startsQuoted = false): DamagedString => {
  const { text } = cursor;
  const reading: Reading = { parts: [], quotes: 0, braces: 0, unmatched: startsQuoted, endsAtQuote: false };
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
    end =
      character === delimiters.close
        ? endAtQuote(cursor, delimiters, reading)
        : endAtCharacter(cursor, delimiters, reading);
    if (end !== null) break;
    reading.parts.push(character);
    cursor.at += 1;
  }
  return finishString(cursor, delimiters.bare, reading.parts.join(""), end === "quote");
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
  reading.endsAtQuote = place === "value" && (character === "," || (character === "}" && inBraces));
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
      return (
        character === "]" &&
        reading.parts.at(-1) !== close &&
        findUnescaped(cursor, close, at + 1) >= text.length
      );
    case "value":
      if (character === ",") return entryFollows(cursor, delimiters);
      return character === "}" && reading.braces === 0 && entryFollows(cursor, delimiters);
    default:
      return false;
  }
};

/** Whether behind the comma or brace at the cursor comes the key of an entry, or nothing that ends the value. */
const entryFollows = (cursor: DamagedCursor, { open, close }: Delimiters): boolean => {
  const { text, at } = cursor;
  const quote = findUnescaped(cursor, close, at + 1);
  if (quote >= text.length) return text[at] === "}" || findNext(cursor, ":", at + 1) < text.length;
  if (text[at] === "," && findNext(cursor, "{", at + 1) < quote) return false;
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

/** What the quote at the cursor means: the end of the string, the first of a pair inside it, or a lone one. */
const meaningOfQuote = (cursor: DamagedCursor, delimiters: Delimiters, isOdd: boolean): Meaning => {
  const { open, close } = delimiters;
  const from = cursor.at + 1;
  const quote = Math.min(findNext(cursor, close, from), findNext(cursor, open, from));
  const isLast = quote >= cursor.text.length;
  const isNextToQuote = skipBlanks(cursor, from) === quote;
  switch (placeOf(cursor)) {
    case "key":
      return isLast || isNextToQuote || findNext(cursor, ":}", from) < quote ? "end" : "inside";
    case "item":
      if (isLast || isNextToQuote || findNext(cursor, "],", from) < quote) return "end";
      return pairsInside(cursor, close, quote) ? "opens" : "end";
    case "value":
      return meaningInValue(cursor, delimiters, quote, isOdd);
    default:
      return "end";
  }
};

const meaningInValue = (
  cursor: DamagedCursor,
  { close }: Delimiters,
  quote: number,
  isOdd: boolean,
): Meaning => {
  const { text } = cursor;
  const from = cursor.at + 1;
  const brace = findNext(cursor, "}", from);
  const comma = findNext(cursor, ",", from);
  if (comma < quote && comma < brace && !hasLetter(text, from, comma)) {
    return isOdd && isFollowed(cursor, findUnescaped(cursor, close, comma + 1)) ? "inside" : "end";
  }
  if (brace < quote || quote >= text.length || skipBlanks(cursor, from) === quote) return "end";
  const second = findUnescaped(cursor, close, quote + 1);
  const stop = findNext(cursor, `:,]}${close}`, second + 1);
  return text[stop] === ":" && second < text.length ? "end" : "opens";
};

/** Whether the quote at `quote` is there and a comma or a brace follows it. */
const isFollowed = (cursor: DamagedCursor, quote: number): boolean => {
  const after = cursor.text[skipBlanks(cursor, quote + 1)];
  return after === "," || after === "}";
};

const hasLetter = (text: string, from: number, to: number): boolean => {
  for (let at = from; at < to; at += 1) if (ALPHA.test(text.charAt(at))) return true;
  return false;
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
  const known = ESCAPES[character] ?? (character === close || isQuote(character) ? character : undefined);
  cursor.at += known === undefined ? 1 : 2;
  return known ?? "\\";
};
