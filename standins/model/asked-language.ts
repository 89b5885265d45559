import { textOf, type ChatRequest } from "./chat-request.ts";

/** The languages that the scripted reviewer has sentences in. */
export type Language = "ko" | "ja" | "en";

const NAMED: readonly (readonly [Language, RegExp])[] = [
  ["ko", /한국어|한글|\bKorean\b|韓国語|\bin ko\b/i],
  ["ja", /日本語|\bJapanese\b|일본어|\bin ja\b/i],
  ["en", /\bEnglish\b|영어|英語|\bin en\b/i],
];

const namedLanguage = (text: string): Language | null =>
  NAMED.map(([language, pattern]) => ({ language, at: text.search(pattern) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]?.language ?? null;

const writtenLanguage = (text: string): Language => {
  if (/\p{Script=Hangul}/u.test(text)) return "ko";
  return /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? "ja" : "en";
};

/** The instructions of a request: its messages that are not the user's. */
export const instructionsOf = (request: ChatRequest): string =>
  request.messages
    .filter((message) => message.role !== "user")
    .map(textOf)
    .join("\n");

/** The language that a prompt asks for: named in its instructions, named anywhere, else the one it is written in. */
export const askedLanguage = (request: ChatRequest): Language => {
  const system = instructionsOf(request);
  const all = request.messages.map(textOf).join("\n");
  return namedLanguage(system) ?? namedLanguage(all) ?? writtenLanguage(system === "" ? all : system);
};
