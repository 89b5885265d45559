/**
 * A line of a quote or of a file, for comparison only: all white space is gone, so that indentation, tabs
 * and carriage returns tell nothing.
 */
export const lineKey = (text: string): string => text.replace(/\s+/g, "");

const GUTTER = /^[ \t]*\d+[ \t]*([-+]?)[ \t]*(?:\||│)[ ]?/;
const LOOSE_GUTTER = /^[ \t]*\d+[ \t]*([-+]?)[ \t]*(?:\||│|:(?=\s|$)|\t)[ ]?/;
const BARE_GUTTER = /^[ \t]*([-+]?)[ \t]*(?:\||│)[ ]?/;
const ELISION = /^\s*(?:(?:\/\/|#|\/\*|--|<!--)?\s*(?:\.{3}|…)\s*(?:\*\/|-->)?)\s*$/;

/** A line without what a model copied from numbered lines or from a diff, and the sign that stood there. */
export type StrippedLine = { readonly sign: "+" | "-" | ""; readonly text: string };

/**
 * Lines without the gutter of numbered lines (`   12 + | code`); null unless every line that says something
 * has one. `loose` takes other gutters as well (`12: code`), which may be code.
 */
export const stripGutters = (lines: readonly string[], loose: boolean): readonly StrippedLine[] | null =>
  stripAll(lines, GUTTER) ?? (loose ? (stripAll(lines, LOOSE_GUTTER) ?? stripAll(lines, BARE_GUTTER)) : null);

/** Lines without git's remark on a missing line feed, which stands among a model's numbered lines. */
export const withoutRemarks = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !line.startsWith("\\ No newline at end of file"));

const stripAll = (lines: readonly string[], gutter: RegExp): readonly StrippedLine[] | null => {
  const stripped = lines.map((line) => {
    const found = gutter.exec(line);
    if (found === null) return line.trim() === "" ? { sign: "" as const, text: "" } : null;
    return { sign: toSign(found[1]), text: line.slice(found[0].length) };
  });
  return stripped.every((line) => line !== null) && stripped.some(({ text }) => text !== "")
    ? stripped
    : null;
};

const toSign = (sign: string | undefined): "+" | "-" | "" => (sign === "+" || sign === "-" ? sign : "");

/** Lines without a diff's signs; null unless every line that says something has one, or a space, in its first column. */
export const stripSigns = (lines: readonly string[]): readonly StrippedLine[] | null => {
  if (!lines.every((line) => /^(?:[-+ ]|\s*$)/.test(line)) || !lines.some((line) => /^[-+]/.test(line)))
    return null;
  return lines.map((line) => ({ sign: toSign(line[0]), text: line.slice(1) }));
};

/**
 * The ways to read a quote, the plainest first: as it stands, without gutters, without diff signs. Each
 * has no blank lines around it, and ends before the first line that only stands for left-out lines.
 */
export const readQuote = (quote: string): readonly (readonly string[])[] => {
  const lines = withoutRemarks(quote.split("\n"));
  const fenceless =
    lines[0]?.startsWith("```") === true ? lines.slice(1).filter((line) => !/^```\s*$/.test(line)) : null;
  const plain = fenceless ?? lines;
  const gutterless = stripGutters(plain, true)?.map(({ text }) => text);
  const signless = stripSigns(gutterless ?? plain)?.map(({ text }) => text);
  return [lines, fenceless, gutterless, signless]
    .filter((reading) => reading !== null && reading !== undefined)
    .map((reading) => trimBlank(untilElision(trimBlank(reading))))
    .filter((reading) => reading.length > 0);
};

const untilElision = (lines: readonly string[]): readonly string[] => {
  const rest = lines.slice(lines.findIndex((line) => !ELISION.test(line)));
  const end = rest.findIndex((line) => ELISION.test(line));
  return end < 0 ? rest : rest.slice(0, end);
};

const trimBlank = (lines: readonly string[]): readonly string[] => {
  const first = lines.findIndex((line) => lineKey(line) !== "");
  const last = lines.findLastIndex((line) => lineKey(line) !== "");
  return first < 0 ? [] : lines.slice(first, last + 1);
};
