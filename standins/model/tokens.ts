const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/**
 * Cuts text into the pieces that a model would stream: words with the space before them, single
 * characters in Chinese, Japanese and Korean. Put together again they are the text.
 */
export const splitPieces = (text: string): readonly string[] =>
  text.match(
    /\s*[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|\s*[\p{L}\p{N}_]+|\s*[^\s\p{L}\p{N}_]|\s+/gu,
  ) ?? [];

/** About how many tokens a text has: a token per four letters of a word, per wide character or mark. */
export const countTokens = (text: string): number =>
  splitPieces(text).reduce(
    (sum, piece) => sum + (WIDE.test(piece) ? 1 : Math.max(1, Math.ceil(piece.trim().length / 4))),
    0,
  );
