const words = new Intl.Segmenter(["ja", "zh", "ko", "en"], { granularity: "word" });

const HANGUL = /^\p{Script=Hangul}+$/u;
const HAN = /^\p{Script=Han}+$/u;
const SINGLE_KANA = /^[\p{Script=Hiragana}\p{Script=Katakana}ー]$/u;

const pairs = (word: string): readonly string[] => {
  const marks = Array.from(word);
  return marks.slice(0, -1).map((mark, index) => mark + (marks[index + 1] ?? ""));
};

const partsOf = (identifier: string): readonly string[] => {
  const parts = identifier
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .split(/[\s_]+/)
    .filter((part) => part !== "");
  return parts.length > 1 ? parts : [];
};

/**
 * The terms of a text, for indexing and for searching alike: words by Intl.Segmenter (which knows
 * Japanese and Chinese), in NFKC and lower case; identifiers whole and in their parts; Korean words and
 * long Chinese ones in pairs of characters too, since a Korean word carries its particle and the
 * dictionary may cut one text differently from another. Single kana are particles and left out.
 */
export const tokenize = (text: string): string[] => {
  const tokens: string[] = [];
  for (const { segment, isWordLike } of words.segment(text.normalize("NFKC"))) {
    if (isWordLike !== true || SINGLE_KANA.test(segment)) continue;
    const word = segment.toLowerCase();
    tokens.push(word, ...partsOf(segment).map((part) => part.toLowerCase()));
    const { length } = Array.from(word);
    if ((HANGUL.test(word) && length > 1) || (HAN.test(word) && length > 2)) {
      tokens.push(...pairs(word).filter((pair) => pair !== word));
    }
  }
  return tokens;
};
