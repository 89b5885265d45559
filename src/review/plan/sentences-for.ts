import { ENGLISH } from "./sentences-en.ts";
import { JAPANESE } from "./sentences-ja.ts";
import { KOREAN } from "./sentences-ko.ts";
import type { Sentences } from "./sentences.ts";

const LANGUAGES: readonly { readonly names: RegExp; readonly sentences: Sentences }[] = [
  { names: /^(ja|jp|jpn|japan|日本|にほん|にっぽん|일본)/u, sentences: JAPANESE },
  { names: /^(ko|kr|kor|korea|한국|조선|우리말|韓国|한글)/u, sentences: KOREAN },
];

/**
 * The sentences for a language as people name it ("Japanese", "日本語", "ja-JP", "Korean", "한국어");
 * English for every other one.
 */
export const sentencesFor = (language: string): Sentences => {
  const name = language.normalize("NFKC").trim().toLowerCase();
  return LANGUAGES.find(({ names }) => names.test(name))?.sentences ?? ENGLISH;
};
