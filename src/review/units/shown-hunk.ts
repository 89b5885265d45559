import type { DiffLine, Hunk } from "../../diff/file-diff.ts";
import { maskSecrets } from "./mask-secrets.ts";

/** Longer lines are data more than code; their rest is not shown, see `shownHunk`. In UTF-16 units. */
export const LONGEST_LINE = 4_000;

/** A hunk's texts as a model sees them, line for line. */
export type ShownHunk = { readonly heading: string; readonly texts: readonly string[] };

/**
 * What a model sees of a hunk's heading and lines: secrets masked (over all of its lines together, since
 * keys span lines), invisible characters made visible, lines longer than `LONGEST_LINE` cut with a note
 * of how much is missing. Tabs stay, and so does a carriage return at a line's end. Whoever compares a
 * quote with the code compares it with these texts.
 */
export const shownHunk = (hunk: Hunk): ShownHunk => {
  const raw = [hunk.heading, ...hunk.lines.map(({ text }) => text)];
  const [heading = "", ...texts] = maskSecrets(raw.join("\n")).text.split("\n");
  return { heading: showInvisible(heading).trim(), texts: texts.map((text) => cutLine(showInvisible(text))) };
};

/** The lines of which a model did not see the end. */
export const linesCut = (hunk: Hunk): readonly DiffLine[] => {
  // No sign grows to more than ten when it is shown by its name.
  if (hunk.lines.every(({ text }) => text.length * 10 <= LONGEST_LINE)) return [];
  const { texts } = shownHunk(hunk);
  return hunk.lines.filter((_line, index) => CUT.test(texts[index] ?? ""));
};

const CUT = /⟨\d+ more characters are not shown⟩$/;

const cutLine = (text: string): string => {
  if (text.length <= LONGEST_LINE) return text;
  // Not between the halves of a character outside the first plane.
  const end = /[\ud800-\udbff]/.test(text.charAt(LONGEST_LINE - 1)) ? LONGEST_LINE - 1 : LONGEST_LINE;
  return `${text.slice(0, end)}⟨${text.length - end} more characters are not shown⟩`;
};

// Control characters, other line ends, direction overrides and tag characters: what people do not see
// can turn code around (CVE-2021-42574) or carry instructions for a model. Joiners stay: emoji and some
// scripts are written with them.
const INVISIBLE = /(?![\t\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Replaces characters that are not seen, or that end a line elsewhere than git does, by their code
 * (`⟨U+202E⟩`); tabs, joiners and a carriage return at the end stay.
 */
export const showInvisible = (text: string): string =>
  text.replace(INVISIBLE, (char, index: number) =>
    char === "\r" && index === text.length - 1 ? char : `⟨U+${codeOf(char)}⟩`,
  );

const codeOf = (char: string): string =>
  (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
