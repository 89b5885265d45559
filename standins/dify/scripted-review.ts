import { z } from "zod";

const Diffs = z.array(z.looseObject({ new_path: z.string(), diff: z.string() }));

type Words = {
  readonly isScripted: string;
  readonly change: string;
  readonly files: (count: number, added: number, removed: number) => string;
  readonly style: string;
  readonly styleText: string;
  readonly reading: string;
  readonly readingText: string;
};

const WORDS: Readonly<Record<"en" | "ko" | "ja" | "zh", Words>> = {
  en: {
    isScripted:
      "**This is a scripted review by a mock Dify.** No model has read this change; a real review comes from Dify with a model of yours.",
    change: "What this change does",
    files: (count, added, removed) =>
      `It touches ${count} file(s): ${added} line(s) added, ${removed} removed.`,
    style: "Style and good practice",
    styleText: "A model would praise here first and then say what can be better.",
    reading: "Further reading",
    readingText: "How to read a unified diff; small commits with clear messages.",
  },
  ko: {
    isScripted:
      "**이것은 모의(mock) Dify가 스크립트로 응답한 리뷰입니다.** 어떤 모델도 이 변경을 읽지 않았습니다. 실제 리뷰는 Dify와 여러분의 모델이 작성합니다.",
    change: "이 변경이 하는 일",
    files: (count, added, removed) => `파일 ${count}개를 고칩니다: ${added}줄 추가, ${removed}줄 삭제.`,
    style: "스타일과 좋은 습관",
    styleText: "모델이라면 여기에서 먼저 칭찬하고, 더 나아질 점을 알려 줍니다.",
    reading: "더 읽어 볼 것",
    readingText: "unified diff 읽는 법, 메시지가 분명한 작은 커밋.",
  },
  ja: {
    isScripted:
      "**これはモック Dify が固定スクリプトで応答したレビューです。** この変更を読んだモデルはありません。実際のレビューは Dify とあなたのモデルが書きます。",
    change: "この変更の内容",
    files: (count, added, removed) => `${count} 個のファイルを変更: ${added} 行追加、${removed} 行削除。`,
    style: "スタイルと良い習慣",
    styleText: "モデルなら、まず良い点をほめ、次に改善点を伝えます。",
    reading: "次に読むもの",
    readingText: "unified diff の読み方、分かりやすいメッセージの小さなコミット。",
  },
  zh: {
    isScripted:
      "**这是模拟 (mock) Dify 的脚本化评审。** 没有任何模型读过此次变更；真正的评审由 Dify 和您的模型给出。",
    change: "此次变更的内容",
    files: (count, added, removed) => `涉及 ${count} 个文件：新增 ${added} 行，删除 ${removed} 行。`,
    style: "风格与良好实践",
    styleText: "模型会先在这里表扬优点，再指出可以改进之处。",
    reading: "延伸阅读",
    readingText: "如何阅读 unified diff；信息清晰的小提交。",
  },
};

const wordsFor = (language: string): Words => {
  const name = language.toLowerCase();
  if (/korean|한국|^ko/.test(name)) return WORDS.ko;
  if (/japanese|日本|^ja/.test(name)) return WORDS.ja;
  if (/chinese|中文|汉语|漢語|^zh/.test(name)) return WORDS.zh;
  return WORDS.en;
};

const countLines = (diffs: z.infer<typeof Diffs>, sign: string): number =>
  diffs.flatMap(({ diff }) => diff.split("\n")).filter((line) => line.startsWith(sign)).length;

/**
 * The review that a stand-in gives in a model's place: it says that it is scripted, and shows by the
 * files' names and line counts that the diff has come all the way. `body` is the answer of GitLab's diffs.
 */
export const scriptedReview = (language: string, body: string): string => {
  const words = wordsFor(language);
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(body);
  } catch {
    // The review then speaks of no file, as a model would that was given no diff.
  }
  const read = Diffs.safeParse(parsed);
  const diffs = read.success ? read.data : [];
  return [
    words.isScripted,
    `### ${words.change}`,
    words.files(diffs.length, countLines(diffs, "+"), countLines(diffs, "-")),
    ...diffs.map(({ new_path }) => `- \`${new_path.replaceAll("`", "")}\``),
    `### ${words.style}`,
    words.styleText,
    `### ${words.reading}`,
    words.readingText,
  ].join("\n\n");
};
