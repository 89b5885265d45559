/** The languages that the server itself speaks. */
export type ServerLanguage = "english" | "japanese" | "korean";

/**
 * The server's language for one as people name it ("Japanese", "日本語", "ja-JP", "Korean", "한국어");
 * English for every other one.
 */
export const languageOf = (language: string): ServerLanguage => {
  const name = language.normalize("NFKC").trim().toLowerCase();
  if (/^(ja|jp|jpn|japan|日本|にほん|にっぽん|일본)/u.test(name)) return "japanese";
  return /^(ko|kr|kor|korea|한국|조선|우리말|韓国|한글)/u.test(name) ? "korean" : "english";
};
