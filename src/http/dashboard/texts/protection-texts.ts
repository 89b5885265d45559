import type { Texts } from "./english.ts";

/** The texts about what keeps harm away, in one language. */
export type ProtectionTexts = {
  readonly breakers: {
    readonly title: string;
    readonly note: string;
    readonly peer: string;
    readonly open: string;
    readonly halfOpen: string;
    readonly since: string;
    readonly nextTry: string;
    /** It is being tried. */
    readonly now: string;
    readonly nextCall: string;
  };
};

const ENGLISH: ProtectionTexts = {
  breakers: {
    title: "Left alone for now",
    note: "These failed again and again. Runs that need them wait, and their attempts do not count; when they work again, this ends by itself.",
    peer: "Model or Dify server",
    open: "Paused",
    halfOpen: "Being tried",
    since: "Since",
    nextTry: "Tried again",
    now: "now",
    nextCall: "with the next call",
  },
};

const JAPANESE: ProtectionTexts = {
  breakers: {
    title: "呼び出しを控えている相手",
    note: "失敗が続いた相手です。これらを必要とする実行は待機し、試行回数には数えません。復旧すれば自動的に再開します。",
    peer: "モデルまたは Dify サーバー",
    open: "停止中",
    halfOpen: "確認中",
    since: "開始",
    nextTry: "次の試行",
    now: "現在",
    nextCall: "次の呼び出し時",
  },
};

/** The texts in the language of the page. */
export const protectionTexts = ({ language }: Pick<Texts, "language">): ProtectionTexts =>
  language === "ja" ? JAPANESE : ENGLISH;
