import { containsText } from "../../base/contains-text.ts";
import type { DiffLine, FileDiff, Hunk } from "../../diff/file-diff.ts";
import { shownHunk } from "../units/shown-hunk.ts";
import { cleanText } from "./clean-text.ts";
import { lineKey, readQuote } from "./quote-lines.ts";

/** A line of a file's hunks with its hunk. */
export type Row = { readonly line: DiffLine; readonly hunk: Hunk };

/** The rows that a finding is anchored on. */
export type AnchoredLines = {
  readonly rows: readonly Row[];
  /** The quote, where the first or the last row holds more than it; null otherwise. */
  readonly partOf: readonly string[] | null;
  /** Whether the rows are all that is meant, so that a suggestion may stand in their place. */
  readonly exact: boolean;
};

/** Which lines of the hunks are looked at: those of one side, or all as the diff shows them. */
export type View = "new" | "old" | "both";

/** Rows that a quote was found on. `whole` is false where its first or last row holds more than the quote. */
export type QuoteMatch = {
  readonly rows: readonly Row[];
  readonly quote: readonly string[];
  readonly whole: boolean;
  /** In lines from the stated one; 0 when it is among the rows, or when none is stated. */
  readonly distance: number;
};

/** Where a quote is expected; lines count on `side`. */
export type QuoteHint = { readonly side: "new" | "old"; readonly line: number | null };

/** The lines of all hunks that exist on a side, in their order. */
export const rowsOf = (file: FileDiff, view: View): readonly Row[] => {
  const other = view === "new" ? "removed" : view === "old" ? "added" : null;
  return file.hunks.flatMap((hunk) =>
    hunk.lines.filter(({ kind }) => kind !== other).map((line) => ({ line, hunk })),
  );
};

/** Within so many lines of the stated one, a part of a line counts for more than whole lines elsewhere. */
const NEAR = 20;
/** A shorter quote says nothing as a part of a line. In signs without white space. */
const LEAST_PART = 3;
/** A shorter line says nothing by itself. In signs without white space. */
const LEAST_LINE = 8;

/**
 * The rows that a quote means: on its own side, or else across both as a diff shows them, or else on the
 * other side, where one that is near the stated line is preferred to one that is not. Of all places the nearest to the stated line is taken, of equally near ones one with
 * changed lines. Lines are compared without their white space; the first and the last line of the quote
 * may be parts of lines, which counts only where no whole lines are near.
 */
export const findQuote = (file: FileDiff, quote: string, hint: QuoteHint): QuoteMatch | null => {
  const readings = readQuote(quote);
  const views: readonly View[] = [hint.side, "both", hint.side === "new" ? "old" : "new"];
  const found: QuoteMatch[] = [];
  for (const view of views) {
    const match = findIn(rowsOf(file, view), readings, hint);
    if (match !== null && match.distance <= NEAR) return match;
    if (match !== null) found.push(match);
  }
  return found[0] ?? null;
};

/** The rows of the quote's longest line that is there, for a quote that is nowhere as a whole. */
export const findLongestLine = (file: FileDiff, quote: string, hint: QuoteHint): QuoteMatch | null => {
  const rows = rowsOf(file, hint.side);
  const lines = readQuote(quote)
    .flat()
    .filter((line) => lineKey(line).length >= LEAST_LINE)
    .toSorted((a, b) => lineKey(b).length - lineKey(a).length);
  for (const line of lines) {
    const found = findIn(rows, [[line]], hint);
    if (found !== null) return found;
  }
  return null;
};

const findIn = (
  rows: readonly Row[],
  readings: readonly (readonly string[])[],
  hint: QuoteHint,
): QuoteMatch | null => {
  const keys = rows.map(keysOf);
  const perReading = (fits: Fits, whole: boolean): readonly Place[] => {
    for (const reading of readings) {
      const places = findPlaces(rows, keys, reading, fits, whole);
      if (places.length > 0) return places;
    }
    return [];
  };
  const whole = nearest(perReading(isWhole, true), hint);
  if (whole !== null && (hint.line === null || distanceTo(whole, hint) <= NEAR))
    return toMatch(rows, whole, hint);
  const part = nearest(perReading(isPart, false), hint);
  if (part !== null && (whole === null || distanceTo(part, hint) <= NEAR)) return toMatch(rows, part, hint);
  return whole === null ? null : toMatch(rows, whole, hint);
};

type Keys = { readonly shown: string; readonly raw: string };

/** A model quotes what it was shown, where secrets are masked; others quote the code itself. */
const keysOf = ({ line, hunk }: Row): Keys => keysIn(hunk).get(line) ?? { shown: "", raw: "" };

const KEYS = new WeakMap<Hunk, ReadonlyMap<DiffLine, Keys>>();

/** Kept per hunk, since every finding of a file asks for it. */
const keysIn = (hunk: Hunk): ReadonlyMap<DiffLine, Keys> => {
  const known = KEYS.get(hunk);
  if (known !== undefined) return known;
  const { texts } = shownHunk(hunk);
  const keys = new Map(
    hunk.lines.map((line, index) => {
      const raw = lineKey(cleanText(line.text));
      return [line, { shown: lineKey(texts[index] ?? line.text), raw }] as const;
    }),
  );
  KEYS.set(hunk, keys);
  return keys;
};

type Place = {
  readonly from: number;
  readonly quote: readonly string[];
  readonly whole: boolean;
  readonly first: DiffLine;
  readonly last: DiffLine;
  readonly changed: boolean;
};

/** Whether a line of the file fits a line of the quote that has `index` of `count`. */
type Fits = (fileKey: string, quoteKey: string, index: number, count: number) => boolean;

const isWhole: Fits = (fileKey, quoteKey) => fileKey === quoteKey;

const isPart: Fits = (fileKey, quoteKey, index, count) => {
  if (fileKey === quoteKey) return true;
  if (quoteKey.length < LEAST_PART) return false;
  if (count === 1) return containsText(fileKey, quoteKey);
  if (index === 0) return fileKey.endsWith(quoteKey);
  return index === count - 1 && fileKey.startsWith(quoteKey);
};

const findPlaces = (
  rows: readonly Row[],
  keys: readonly Keys[],
  quote: readonly string[],
  fits: Fits,
  whole: boolean,
): readonly Place[] => {
  const quoteKeys = quote.map(lineKey);
  const count = quoteKeys.length;
  const places: Place[] = [];
  for (let from = 0; from + count <= rows.length; from += 1) {
    const isHere = quoteKeys.every((key, index) => {
      const { shown = "", raw = "" } = keys[from + index] ?? {};
      return fits(shown, key, index, count) || fits(raw, key, index, count);
    });
    if (!isHere) continue;
    const first = rows[from]?.line;
    const last = rows[from + count - 1]?.line;
    if (first === undefined || last === undefined) continue;
    const changed = rows.slice(from, from + count).some(({ line }) => line.kind !== "context");
    places.push({ from, quote, whole, first, last, changed });
  }
  // Hunks that follow each other are not adjacent in the file: a quote over their gap is the exception.
  const within = places.filter(({ from }) => rows[from]?.hunk === rows[from + count - 1]?.hunk);
  return within.length > 0 ? within : places;
};

/** How far a place is from the stated line; 0 when it holds it. */
const distanceTo = ({ first, last }: Place, { side, line }: QuoteHint): number => {
  if (line === null) return 0;
  const [from, to] = [numberOn(first, side), numberOn(last, side)];
  return Math.max(from - line, line - to, 0);
};

const startDistance = ({ first }: Place, { side, line }: QuoteHint): number =>
  line === null ? 0 : Math.abs(numberOn(first, side) - line);

/** A line's running counter on a side, so that a removed line has its place among new lines too. */
export const numberOn = (line: DiffLine, side: "new" | "old"): number =>
  side === "new" ? line.newLine : line.oldLine;

const nearest = (places: readonly Place[], hint: QuoteHint): Place | null => {
  const ordered = places.toSorted(
    (a, b) =>
      distanceTo(a, hint) - distanceTo(b, hint) ||
      Number(b.changed) - Number(a.changed) ||
      startDistance(a, hint) - startDistance(b, hint),
  );
  return ordered[0] ?? null;
};

const toMatch = (rows: readonly Row[], place: Place, hint: QuoteHint): QuoteMatch => ({
  rows: rows.slice(place.from, place.from + place.quote.length),
  quote: place.quote,
  whole: place.whole,
  distance: distanceTo(place, hint),
});
