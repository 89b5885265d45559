import { askedLanguage, instructionsOf, type Language } from "./asked-language.ts";
import { textOf, type ChatRequest } from "./chat-request.ts";
import { readBlocks } from "./prompt-blocks.ts";
import { readDiff, type DiffFacts } from "./read-diff.ts";
import { answerFindings, answerVerdicts } from "./scripted-findings.ts";
import { answerReply } from "./scripted-reply.ts";
import { answerSummary } from "./scripted-summary.ts";
import { sampleFromSchema } from "./strict-schema.ts";

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
    who: "I am a scripted mock model, not a language model: I count, I do not evaluate.",
    nothing: "The prompt holds no diff that I can read.",
    facts: ({ files, added, removed }) =>
      `The diff changes ${files.length} file(s): ${list(files)}. Lines added: ${added}, lines removed: ${removed}.`,
  },
  ko: {
    who: "저는 언어 모델이 아니라 스크립트로 응답하는 모의(mock) 모델입니다. 개수만 셀 뿐 코드를 평가하지 않습니다.",
    nothing: "프롬프트에서 읽을 수 있는 diff를 찾지 못했습니다.",
    facts: ({ files, added, removed }) =>
      `이 diff는 파일 ${files.length}개를 변경합니다: ${list(files)}. 추가된 줄: ${added}, 삭제된 줄: ${removed}.`,
  },
  ja: {
    who: "私は言語モデルではなく、固定スクリプトで応答するモックモデルです。数えるだけで、評価はしません。",
    nothing: "プロンプトの中に読み取れる diff がありません。",
    facts: ({ files, added, removed }) =>
      `この diff は ${files.length} 個のファイルを変更します: ${list(files)}。追加行: ${added}、削除行: ${removed}。`,
  },
};

/** What the instructions ask for, by the keys of the answer that they show. Data never decides this. */
const readTask = (request: ChatRequest): "findings" | "verdicts" | "summary" | "reply" | "chat" => {
  const instructions = instructionsOf(request);
  if (/"withdraw"\s*:/.test(instructions)) return "reply";
  if (/"verdict"\s*:/.test(instructions)) return "verdicts";
  if (/"findings"\s*:/.test(instructions) && /"quote"\s*:/.test(instructions)) return "findings";
  return readBlocks(request).has("files") ? "summary" : "chat";
};

const chat = (request: ChatRequest, sentences: Sentences): string => {
  const facts = readDiff(request.messages.map(textOf).join("\n"));
  return `${sentences.who}\n\n${facts === null ? sentences.nothing : sentences.facts(facts)}`;
};

/**
 * The default script: says that it is a stand-in and what is true of the diff in the prompt, in
 * Korean, Japanese or English as asked; as the plainest JSON of the schema where one is given. Where
 * findings, verdicts, a walk-through or an answer are asked for it gives them by plain rules.
 */
export const scriptedReviewer = (request: ChatRequest): string => {
  const sentences = SENTENCES[askedLanguage(request)];
  const format = request.response_format;
  const schema = format?.type === "json_schema" ? (format.json_schema.schema ?? {}) : undefined;
  const wanted = schema ?? (format?.type === "json_object" ? format.schema : undefined);
  if (wanted !== undefined) return JSON.stringify(sampleFromSchema(wanted, chat(request, sentences)));
  if (format?.type === "json_object") return JSON.stringify({ text: chat(request, sentences) });
  switch (readTask(request)) {
    case "findings":
      return answerFindings(request);
    case "verdicts":
      return answerVerdicts(request);
    case "reply":
      return answerReply(request, sentences.who);
    case "summary":
      return answerSummary(request, sentences.who);
    default:
      return chat(request, sentences);
  }
};
