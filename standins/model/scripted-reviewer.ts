import { textOf, type ChatRequest } from "./chat-request.ts";
import { readDiff, type DiffFacts } from "./read-diff.ts";
import { sampleFromSchema } from "./strict-schema.ts";

type Language = "ko" | "ja" | "en";

const NAMED: readonly (readonly [Language, RegExp])[] = [
  ["ko", /한국어|한글|\bKorean\b|韓国語/i],
  ["ja", /日本語|\bJapanese\b|일본어/i],
  ["en", /\bEnglish\b|영어|英語/i],
];

const namedLanguage = (text: string): Language | null =>
  NAMED.map(([language, pattern]) => ({ language, at: text.search(pattern) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]?.language ?? null;

const writtenLanguage = (text: string): Language => {
  if (/\p{Script=Hangul}/u.test(text)) return "ko";
  return /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? "ja" : "en";
};

/** The language that a prompt asks for: named in its instructions, named anywhere, else the one it is written in. */
export const askedLanguage = (request: ChatRequest): Language => {
  const system = request.messages
    .filter((message) => message.role !== "user")
    .map(textOf)
    .join("\n");
  const all = request.messages.map(textOf).join("\n");
  return namedLanguage(system) ?? namedLanguage(all) ?? writtenLanguage(system === "" ? all : system);
};

type Sentences = {
  readonly who: string;
  readonly nothing: string;
  readonly facts: (facts: DiffFacts) => string;
};

const list = (files: readonly string[]): string =>
  files
    .slice(0, 10)
    .map((file) => `\`${file}\``)
    .join(", ") + (files.length > 10 ? ", …" : "");

const SENTENCES: Record<Language, Sentences> = {
  en: {
    who: "I am a scripted stand-in model, not a language model: I count, I do not judge.",
    nothing: "The prompt holds no diff that I can read.",
    facts: ({ files, added, removed }) =>
      `The diff changes ${files.length} file(s): ${list(files)}. Lines added: ${added}, lines removed: ${removed}.`,
  },
  ko: {
    who: "저는 언어 모델이 아니라 대본대로 답하는 대역 모델입니다. 세기만 하고 평가는 하지 않습니다.",
    nothing: "프롬프트에서 읽을 수 있는 diff를 찾지 못했습니다.",
    facts: ({ files, added, removed }) =>
      `이 diff는 파일 ${files.length}개를 변경합니다: ${list(files)}. 추가된 줄: ${added}, 삭제된 줄: ${removed}.`,
  },
  ja: {
    who: "私は言語モデルではなく、台本どおりに答える代役モデルです。数えるだけで、評価はしません。",
    nothing: "プロンプトの中に読み取れる diff がありません。",
    facts: ({ files, added, removed }) =>
      `この diff は ${files.length} 個のファイルを変更します: ${list(files)}。追加行: ${added}、削除行: ${removed}。`,
  },
};

/**
 * The default script: says that it is a stand-in and what is true of the diff in the prompt, in
 * Korean, Japanese or English as asked; as the plainest JSON of the schema where one is given.
 */
export const scriptedReviewer = (request: ChatRequest): string => {
  const sentences = SENTENCES[askedLanguage(request)];
  const facts = readDiff(request.messages.map(textOf).join("\n"));
  const text = `${sentences.who}\n\n${facts === null ? sentences.nothing : sentences.facts(facts)}`;
  const format = request.response_format;
  if (format?.type === "json_schema") {
    return JSON.stringify(sampleFromSchema(format.json_schema.schema ?? {}, text));
  }
  return format?.type === "json_object" ? JSON.stringify({ text }) : text;
};
