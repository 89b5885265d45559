import { findLanguage } from "../../messages/language.ts";

/** Names of Chinese, which the catalogue has no texts in, as people and browsers write them. */
const CHINESE =
  /^(?:zh\b|zho\b|chinese|mandarin|中文|汉语|漢語|華語|简体|簡體|繁体|繁體|国语|國語|中国語|중국어)/iu;

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;
const WORDS = /\p{Script=Latin}{2,}/gu;

/** Fewer words may be names. */
const MIN_WORDS = 4;

const isWide = (language: string): boolean => {
  const known = findLanguage(language);
  return known === "ja" || known === "ko" || CHINESE.test(language.normalize("NFKC").trim());
};

/**
 * Whether prose is written in Latin letters alone although Japanese, Korean or Chinese was asked for: a model that
 * passes over the language has passed over its instructions. Code in it does not count, nor do a few words.
 */
export const isInLatinAlone = (prose: readonly string[], language: string): boolean => {
  if (!isWide(language)) return false;
  const text = prose.join("\n").replace(CODE, " ");
  return !WIDE.test(text) && (text.match(WORDS)?.length ?? 0) >= MIN_WORDS;
};
