import { createHash } from "node:crypto";

/** The most parts of a title that are kept; titles are one line. */
const MAX_PARTS = 32;

/**
 * A title as short digests of its words, for scripts without spaces of its pairs of signs. A marker
 * carries them instead of the title, so that nothing of a model's text stands in it.
 */
export const titleWords = (title: string): readonly string[] => {
  const words =
    title
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const parts = new Set(words.flatMap(partsOf));
  return [...parts].slice(0, MAX_PARTS).map((part) => digest(part));
};

/**
 * How much two titles have in common, from 0 to 1 (Sørensen–Dice over their parts). Two titles without
 * any word say the same.
 */
export const titleSimilarity = (left: readonly string[], right: readonly string[]): number => {
  const lefts = new Set(left);
  const rights = new Set(right);
  if (lefts.size + rights.size === 0) return 1;
  return (2 * lefts.intersection(rights).size) / (lefts.size + rights.size);
};

const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u;

const partsOf = (word: string): string[] => {
  const signs = Array.from(word);
  if (!UNSPACED.test(word) || signs.length < 3) return [word];
  return signs.slice(1).map((sign, index) => `${signs[index] ?? ""}${sign}`);
};

const digest = (part: string): string => createHash("sha256").update(part).digest("hex").slice(0, 4);
