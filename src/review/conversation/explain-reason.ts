import { languageOf } from "../plan/language-of.ts";

type Explanation = { readonly japanese: string; readonly korean: string };

/** What the codes of reasons mean, in the languages of the server besides English. */
const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map([
  [
    "draft",
    {
      japanese: "下書きはここではレビューされません。準備完了にしてください",
      korean: "초안은 여기서 리뷰하지 않습니다. 준비됨으로 표시해 주세요",
    },
  ],
  [
    "target-branch-filtered",
    { japanese: "ターゲットブランチが対象外です", korean: "대상 브랜치가 리뷰 대상이 아닙니다" },
  ],
  [
    "source-branch-filtered",
    { japanese: "ソースブランチが対象外です", korean: "소스 브랜치가 리뷰 대상이 아닙니다" },
  ],
  [
    "author-is-a-bot",
    {
      japanese: "ボットのマージリクエストはレビューされません",
      korean: "봇의 병합 요청은 리뷰하지 않습니다",
    },
  ],
  ["author-filtered", { japanese: "作成者が対象外です", korean: "작성자가 리뷰 대상이 아닙니다" }],
  ["label-filtered", { japanese: "ラベルにより対象外です", korean: "라벨 때문에 리뷰 대상이 아닙니다" }],
  ["title-filtered", { japanese: "タイトルにより対象外です", korean: "제목 때문에 리뷰 대상이 아닙니다" }],
  ["too-many-files", { japanese: "変更されたファイルが多すぎます", korean: "변경된 파일이 너무 많습니다" }],
  [
    "trigger-off",
    {
      japanese: "この方法でのレビューは無効になっています",
      korean: "이 방식의 리뷰는 꺼져 있습니다",
    },
  ],
  [
    "reviewed-once",
    {
      japanese: "このマージリクエストはすでにレビュー済みです",
      korean: "이 병합 요청은 이미 리뷰했습니다",
    },
  ],
]);

/**
 * A reason (a code, a colon and an English sentence) in a language that the server speaks. What is not
 * known stays as it is.
 */
export const explainReason = (reason: string, language: string): string => {
  const [code = ""] = reason.split(":");
  const spoken = languageOf(language);
  const explanation = spoken === "english" ? undefined : EXPLANATIONS.get(code)?.[spoken];
  return explanation === undefined ? reason : `${explanation} (${code})`;
};
