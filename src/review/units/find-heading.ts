import type { Hunk } from "../../diff/file-diff.ts";
import { estimateTokens } from "../../base/estimate-tokens.ts";

/** What a heading costs at most, see `estimateTokens`. */
export const MAX_HEADING_TOKENS = 80;
const LONGEST_HEADING = 80;
const CONTROL =
  /^[}\s]*(?:if|elif|else|for|foreach|while|until|do|switch|case|default|match|try|catch|except|finally|with|when|return|then|begin|unless|rescue|ensure|using|lock|go|defer|await|yield|throw)\b/;
const COMMENT = /^(?:\/\/|\/\*|\*|--|"""|'''|<!--)/;
const DEFINITION =
  /\b(?:function|func|fun|fn|def|class|interface|trait|impl|struct|enum|module|namespace|object|record|protocol|extension|sub|procedure|proc|describe|test|it)\b/;
const OPENING = /(?:[{:([=]|=>|->|\bdo|\bis|\bas|\bthen)$/;

/**
 * The enclosing definition of the lines from `from` on. Git's heading is about what stands before the
 * hunk; where it has none, or lines before `from` are nearer, the hunk's own lines are searched
 * backwards: for a line that is indented less, is no comment and no branch or loop, and opens a block or
 * names a definition. It knows no language. The empty text when there is none, as at the top level.
 */
export const findHeading = (hunk: Hunk, heading: string, texts: readonly string[], from: number): string =>
  clip(searchBack(hunk, heading, texts, from));

// As git does, at 80 characters; at half of that where they cost up to two tokens each.
const clip = (heading: string): string => {
  const cut = heading.slice(0, LONGEST_HEADING);
  const short = estimateTokens(cut) <= MAX_HEADING_TOKENS ? cut : cut.slice(0, LONGEST_HEADING / 2);
  return short.toWellFormed().trim();
};

const searchBack = (hunk: Hunk, heading: string, texts: readonly string[], from: number): string => {
  if (from === 0 && heading !== "") return heading;
  const first = firstChange(hunk, from);
  let indent = indentFrom(hunk, texts, first);
  if (indent === 0) return "";
  for (let index = first - 1; index >= 0 && indent > 0; index -= 1) {
    const text = texts[index] ?? "";
    if (hunk.lines[index]?.kind === "removed" || text.trim() === "") continue;
    const depth = indentOf(text);
    if (depth >= indent) continue;
    const line = text.trim();
    if (COMMENT.test(line)) continue;
    if (opens(line) && !CONTROL.test(line)) return line;
    indent = depth;
  }
  return indent > 0 ? heading : "";
};

const opens = (line: string): boolean => OPENING.test(line) || DEFINITION.test(line);

// The first changed line; of a part of a hunk its first line, which stands in the same place.
const firstChange = (hunk: Hunk, from: number): number => {
  if (from > 0) return from;
  return Math.max(
    0,
    hunk.lines.findIndex(({ kind }) => kind !== "context"),
  );
};

const indentFrom = (hunk: Hunk, texts: readonly string[], from: number): number => {
  for (let index = from; index < hunk.lines.length; index += 1) {
    const text = texts[index] ?? "";
    if (text.trim() !== "") return indentOf(text);
  }
  return 0;
};

/** A tab counts as four blanks: lines of one block use the one or the other. */
const indentOf = (text: string): number => {
  let indent = 0;
  for (const char of text) {
    if (char !== " " && char !== "\t") break;
    indent += char === "\t" ? 4 : 1;
  }
  return indent;
};
