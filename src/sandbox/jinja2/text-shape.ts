/* oxlint-disable no-control-regex -- Python counts these control characters as blanks or ends of lines */
import { charactersOf } from "./types.ts";

/** Text calculations that follow Python's `str` methods; characters are code points. */

/** Python's `capitalize`: the first character in title case, the rest in lower case. */
export const capitalize = (text: string): string => {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
};

/** Python's `str.title`: a letter after anything that is no letter is a capital. */
export const titleWords = (text: string): string => {
  let afterLetter = false;
  let result = "";
  for (const char of text) {
    result += afterLetter ? char.toLowerCase() : char.toUpperCase();
    afterLetter = /\p{Lu}|\p{Ll}|\p{Lt}/u.test(char);
  }
  return result;
};

const WHITESPACE = "[\\s\\u001c-\\u001f\\u0085]";
const LEADING = new RegExp(`^${WHITESPACE}+`, "u");
const TRAILING = new RegExp(`${WHITESPACE}+$`, "u");

/** Python's `strip`, `lstrip` and `rstrip`; `characters` null strips whitespace. */
export const strip = (text: string, characters: string | null, sides: "both" | "left" | "right"): string => {
  if (characters === null) {
    const left = sides === "right" ? text : text.replace(LEADING, "");
    return sides === "left" ? left : left.replace(TRAILING, "");
  }
  const set = new Set(characters);
  const all = charactersOf(text);
  let from = 0;
  let to = all.length;
  if (sides !== "right") while (from < to && set.has(all[from] ?? "")) from += 1;
  if (sides !== "left") while (to > from && set.has(all[to - 1] ?? "")) to -= 1;
  return all.slice(from, to).join("");
};

const splitWhitespace = (text: string, limit: number): string[] => {
  if (limit < 0) return text.match(/[^\s\u001c-\u001f\u0085]+/gu) ?? [];
  const parts: string[] = [];
  let rest = strip(text, null, "left");
  while (rest !== "" && parts.length < limit) {
    const [word = ""] = /^[^\s\u001c-\u001f\u0085]+/u.exec(rest) ?? [""];
    parts.push(word);
    rest = strip(rest.slice(word.length), null, "left");
  }
  if (rest !== "") parts.push(strip(rest, null, "right"));
  return parts;
};

/** Python's `split`; `separator` null splits at runs of whitespace, `limit` below zero is none. */
export const split = (text: string, separator: string | null, limit: number): readonly string[] => {
  if (separator === null) return splitWhitespace(text, limit);
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
};

const reverseText = (text: string): string => [...charactersOf(text)].reverse().join("");

/** Python's `rsplit`: as `split`, the limit counted from the right. */
export const splitFromRight = (text: string, separator: string | null, limit: number): readonly string[] => {
  if (limit < 0) return split(text, separator, limit);
  if (separator === null) return [...splitWhitespace(reverseText(text), limit)].reverse().map(reverseText);
  const parts = text.split(separator);
  if (parts.length <= limit + 1) return parts;
  const cut = parts.length - limit;
  return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
};

/** Python's `splitlines`. */
export const splitLines = (text: string, keepEnds = false): readonly string[] => {
  const lines =
    text.match(
      /[^\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]*(?:\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]|$)/gu,
    ) ?? [];
  const found = lines.filter((line, at) => line !== "" || at < lines.length - 1);
  if (keepEnds) return found;
  return found.map((line) => line.replace(/(?:\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029])$/u, ""));
};

/** Python's `center`, whose odd blank goes to the left when the width is odd. */
export const center = (text: string, width: number, fill: string): string => {
  const length = charactersOf(text).length;
  const missing = Math.max(0, width - length);
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
};

/** Python's `replace`; `limit` below zero replaces all. */
export const replace = (text: string, from: string, to: string, limit: number): string => {
  if (limit < 0 && from !== "") return text.replaceAll(from, to);
  if (from !== "") return split(text, from, limit).join(to);
  const characters = charactersOf(text);
  const count = limit < 0 ? characters.length + 1 : limit;
  const body = characters.map((char, at) => (at < count ? to + char : char)).join("");
  return count > characters.length ? body + to : body;
};

/** Python's `expandtabs`. */
export const expandTabs = (text: string, size: number): string => {
  let column = 0;
  let result = "";
  for (const char of text) {
    const shown = char === "\t" ? " ".repeat(size > 0 ? size - (column % size) : 0) : char;
    column = char === "\n" || char === "\r" ? 0 : column + shown.length;
    result += shown;
  }
  return result;
};

const LETTER = /^\p{L}+$/u;

/** Python's `is…` methods by their name. */
export const TEXT_TESTS: Readonly<Record<string, (text: string) => boolean>> = {
  isalpha: (text) => LETTER.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isascii: (text) => /^[\x00-\x7f]*$/.test(text),
  isdecimal: (text) => /^\p{Nd}+$/u.test(text),
  isdigit: (text) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089\u2460-\u2468]+$/u.test(text),
  isnumeric: (text) => /^[\p{N}]+$/u.test(text),
  isidentifier: (text) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text),
  isspace: (text) => /^[\s\u001c-\u001f\u0085]+$/u.test(text),
  islower: (text) => /\p{Ll}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text),
  isupper: (text) => /[\p{Lu}\p{Lt}]/u.test(text) && !/\p{Ll}/u.test(text),
  istitle: (text) => /[\p{Lu}\p{Lt}]/u.test(text) && titleWords(text) === text,
  isprintable: (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text),
};
