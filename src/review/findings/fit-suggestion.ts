import { containsText } from "../../base/contains-text.ts";
import type { Finding } from "../finding.ts";
import type { AnchoredLines } from "./find-quote.ts";
import { lineKey, stripGutters, stripSigns, withoutRemarks } from "./quote-lines.ts";
import { restoreIndent } from "./restore-indent.ts";

/** GitLab takes at most this many lines above and below a suggestion's line. */
const MAX_LINES = 100;

/**
 * The finding with a suggestion that may stand in place of exactly the anchored lines. One that would
 * change nothing is dropped; one that does not apply as it stands moves into the body.
 *
 * It does not apply to lines that are not on the new side or not all that is meant, beyond a hundred lines,
 * with diff markers that cannot be taken off, and where it would break line ends: GitLab ends the last line of
 * a suggestion like the line it replaces, the others with a line feed (`Gitlab::Diff::Suggestion`), so that in
 * lines with carriage returns only a suggestion of one line is safe.
 */
export const fitSuggestion = (finding: Finding, lines: AnchoredLines): Finding => {
  if (finding.suggestion === null) return finding;
  const present = lines.rows.map(({ line }) => line.text.replace(/\r$/, ""));
  const cleaned = cleanSuggestion(finding.suggestion, present);
  if (cleaned === null || !lines.exact || !areNewLines(lines)) return moveToBody(finding);
  const suggested = restoreIndent(cleaned, present);
  if (suggested.join("\n") === present.join("\n")) return { ...finding, suggestion: null };
  const fits =
    present.length <= MAX_LINES &&
    suggested.length <= MAX_LINES &&
    !(suggested.length > 1 && lines.rows.some(({ line }) => line.text.endsWith("\r"))) &&
    !takesPlaceholders(suggested, present) &&
    !repeatsNeighbours(suggested, present, lines) &&
    keepsUnquoted(suggested, present, lines.partOf);
  return fits
    ? { ...finding, suggestion: suggested.join("\n") }
    : moveToBody({ ...finding, suggestion: suggested.join("\n") });
};

/** The finding with its suggestion as a code block at the end of the body, unless the body shows it already. */
export const moveToBody = (finding: Finding): Finding => {
  const { suggestion, body } = finding;
  if (suggestion === null) return finding;
  const code = unfence(suggestion).replace(/^\n+|\s+$/g, "");
  if (code === "" || containsText(body, code)) return { ...finding, suggestion: null };
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return {
    ...finding,
    body: `${body}${body === "" ? "" : "\n\n"}${fence}\n${code}\n${fence}`,
    suggestion: null,
  };
};

/** All anchored lines exist on the new side, one after the other. */
const areNewLines = ({ rows }: AnchoredLines): boolean =>
  rows.every(
    ({ line }, index) => line.kind !== "removed" && line.newLine === (rows[0]?.line.newLine ?? 0) + index,
  );

const unfence = (text: string): string =>
  /^\s*(`{3,}|~{3,})[^\n]*\n([\s\S]*?)\n?[ \t]*\1\s*$/.exec(text)?.[2] ?? text;

const DIFF_HEADER =
  /^(?:diff --git |index [0-9a-f]{7,}|--- (?:a\/|\/dev\/null)|\+\+\+ (?:b\/|\/dev\/null)|@@ .*@@)/;
const CONFLICT = /^(?:<{7} |={7}$|>{7} )/;

/** The lines that are to stand there, without fence, gutters and diff markers; null when those cannot be told from code. */
const cleanSuggestion = (suggestion: string, present: readonly string[]): readonly string[] | null => {
  const inFile = (pattern: RegExp): boolean => present.some((line) => pattern.test(line));
  const text = inFile(/^\s*(?:```|~~~)/) ? suggestion : unfence(suggestion);
  if (text.trim() === "") return [];
  const lines = withoutRemarks(text.replace(/\n$/, "").split("\n"));
  const start = lines.findIndex((line) => !DIFF_HEADER.test(line));
  const hasHeader = start > 0 && !inFile(DIFF_HEADER);
  const body = hasHeader ? lines.slice(start) : lines;
  if (!inFile(CONFLICT) && body.some((line) => CONFLICT.test(line))) return null;
  if (!inFile(DIFF_HEADER) && body.some((line) => DIFF_HEADER.test(line))) return null;
  const gutterless = stripGutters(present, false) === null ? stripGutters(body, false) : null;
  if (gutterless !== null) return keepNew(gutterless);
  const signs = stripSigns(body);
  if (signs === null || !(hasHeader || isDiff(signs, present)))
    return hasHeader || isHalfNumbered(body, present) ? null : body;
  return signs.some(({ sign }) => sign !== "-") ? keepNew(signs) : null;
};

const keepNew = (lines: readonly { readonly sign: string; readonly text: string }[]): readonly string[] =>
  lines.filter(({ sign }) => sign !== "-").map(({ text }) => text);

/** Lists have signs in their first column as well: it is a diff only when what it removes or keeps is there. */
const isDiff = (
  lines: readonly { readonly sign: string; readonly text: string }[],
  present: readonly string[],
): boolean => {
  if (present.some((line) => line.startsWith("+"))) return false;
  const there = new Set(present.map(lineKey));
  const removed = lines.filter(({ sign }) => sign === "-");
  if (removed.length > 0 && removed.every(({ text }) => there.has(lineKey(text)))) return true;
  return removed.length === 0 && lines.some(({ sign }) => sign === "+");
};

const PLACEHOLDER = /\[masked: [a-z-]{1,32}\]|⟨U\+[0-9A-F]{4,6}⟩|⟨\d+ more characters are not shown⟩/;

/** What a model was shown in place of secrets and of what is not seen must not get into the code. */
const takesPlaceholders = (suggested: readonly string[], present: readonly string[]): boolean =>
  suggested.some((line) => PLACEHOLDER.test(line)) && !present.some((line) => PLACEHOLDER.test(line));

/** Shorter lines, such as closing brackets, repeat by themselves. In signs without white space. */
const TELLING_LINE = 8;

/** Whether a suggestion holds the line before or behind the anchored ones too, which would then stand twice. */
const repeatsNeighbours = (
  suggested: readonly string[],
  present: readonly string[],
  { rows }: AnchoredLines,
): boolean => {
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined || suggested.length < 2) return false;
  const side = first.hunk.lines.filter(({ kind }) => kind !== "removed");
  const before = side[side.indexOf(first.line) - 1];
  const after = side[side.indexOf(last.line) + 1];
  const own = new Set(present.map(lineKey));
  const repeats = (line: string | undefined, neighbour: string | undefined): boolean => {
    const key = lineKey(line ?? "");
    return key.length >= TELLING_LINE && key === lineKey(neighbour ?? "") && !own.has(key);
  };
  const filled = suggested.filter((line) => lineKey(line) !== "");
  return repeats(filled[0], before?.text) || repeats(filled.at(-1), after?.text);
};

/** A line that still bears the gutter of numbered lines, as no line of the file does. */
const isHalfNumbered = (lines: readonly string[], present: readonly string[]): boolean => {
  const gutter = /^\s*\d+ ?[-+ ] ?\| /;
  return lines.some((line) => gutter.test(line)) && !present.some((line) => gutter.test(line));
};

/**
 * Where only parts of the first and the last line were quoted, a suggestion must hold the rest of them,
 * or else it would take that away.
 */
const keepsUnquoted = (
  suggested: readonly string[],
  present: readonly string[],
  quote: readonly string[] | null,
): boolean => {
  if (quote === null) return true;
  const [first, last] = [lineKey(present[0] ?? ""), lineKey(present.at(-1) ?? "")];
  const [quotedFirst, quotedLast] = [lineKey(quote[0] ?? ""), lineKey(quote.at(-1) ?? "")];
  if (!first.includes(quotedFirst)) return false;
  const before =
    quote.length === 1
      ? first.slice(0, first.indexOf(quotedFirst))
      : first.slice(0, first.length - quotedFirst.length);
  const after =
    quote.length === 1
      ? first.slice(first.indexOf(quotedFirst) + quotedFirst.length)
      : last.slice(quotedLast.length);
  return lineKey(suggested[0] ?? "").startsWith(before) && lineKey(suggested.at(-1) ?? "").endsWith(after);
};
