import type { RuleOrigin } from "../../../review/rules/rule.ts";
import type { HookHealth } from "../../../gitlab/hooks/hook-health.ts";
import type { Texts } from "./english.ts";

type Why = (HookHealth & { kind: "unseen" })["why"];

/** The texts of the page about one project, in one language. */
export type ProjectTexts = {
  readonly hooks: string;
  /** Leads to what GitLab says of them. */
  readonly ask: string;
  /** Leads from there to the project. */
  readonly back: string;
  readonly hook: string;
  readonly address: string;
  readonly atGitLab: string;
  readonly called: string;
  readonly disabled: string;
  /** Why GitLab disables hooks. */
  readonly why: string;
  /** When GitLab tries again by itself. */
  readonly until: string;
  readonly differences: string;
  readonly noHook: string;
  /** What to do about hooks that are not as they should be. */
  readonly mend: string;
  readonly unseen: Readonly<Record<Why, string>>;
  readonly slow: string;
  readonly askAgain: string;
  readonly noToken: string;
  readonly rules: string;
  readonly rulesNote: string;
  readonly noRules: string;
  readonly notFindings: (flow: string, contract: string) => string;
  readonly noFlow: string;
  readonly origin: string;
  readonly origins: Readonly<Record<RuleOrigin, string>>;
  readonly rule: string;
  readonly source: string;
  readonly files: string;
  readonly allFiles: string;
  readonly repository: Readonly<Record<"read" | "unread", string>>;
};

const ENGLISH: ProjectTexts = {
  hooks: "Webhook at GitLab",
  ask: "Ask GitLab",
  back: "Everything about this project",
  hook: "Hook",
  address: "Address",
  atGitLab: "State",
  called: "GitLab calls it",
  disabled: "Disabled",
  why: "after failed deliveries",
  until: "Tried again",
  differences: "Not as it should be",
  noHook: "No hook of this project calls this server.",
  mend: "See what is wrong, and mend it:",
  unseen: {
    "no-role":
      "Not known: the server's token may not see this project's hooks. That takes the role Maintainer.",
    "no-answer": "Not known: GitLab could not be asked.",
  },
  slow: "GitLab has not answered yet.",
  askAgain: "Ask again",
  noToken: "Not known: the server has no token of its own (GITLAB_TOKEN).",
  rules: "Rules",
  rulesNote: "From general to particular: where two do not agree, the later one counts.",
  noRules: "The server, its groups and the flow have no rules for this project.",
  notFindings: (flow, contract) =>
    `The flow ${flow} has the contract ${contract}; rules are given to flows of the contract findings only.`,
  noFlow: "No flow reviews this project.",
  origin: "From",
  origins: { server: "Server", group: "Group", flow: "Flow", repository: "Repository" },
  rule: "Rule",
  source: "Where to change it",
  files: "Files",
  allFiles: "all",
  repository: {
    read: "The repository's own rules come after these, from the target branch of each merge request. For some files and with those:",
    unread: "Repositories have no rules of their own here.",
  },
};

const JAPANESE: ProjectTexts = {
  hooks: "GitLab の Webhook",
  ask: "GitLab に問い合わせる",
  back: "このプロジェクトの詳細",
  hook: "フック",
  address: "アドレス",
  atGitLab: "状態",
  called: "呼び出し中",
  disabled: "無効",
  why: "配信の失敗によるもの",
  until: "次の試行",
  differences: "設定の不備",
  noHook: "このプロジェクトには、このサーバーを呼び出すフックがありません。",
  mend: "原因を調べて直すには:",
  unseen: {
    "no-role":
      "不明: サーバーのトークンではこのプロジェクトのフックを確認できません。Maintainer ロールが必要です。",
    "no-answer": "不明: GitLab に問い合わせできませんでした。",
  },
  slow: "GitLab からまだ応答がありません。",
  askAgain: "もう一度確認",
  noToken: "不明: サーバー自身のトークン (GITLAB_TOKEN) がありません。",
  rules: "ルール",
  rulesNote: "一般的なものから個別のものへの順です。矛盾する場合は後のものが優先されます。",
  noRules: "サーバー、グループ、フローには、このプロジェクト向けのルールがありません。",
  notFindings: (flow, contract) =>
    `フロー ${flow} のコントラクトは ${contract} です。ルールは findings のフローにのみ渡されます。`,
  noFlow: "このプロジェクトをレビューするフローはありません。",
  origin: "出どころ",
  origins: { server: "サーバー", group: "グループ", flow: "フロー", repository: "リポジトリ" },
  rule: "ルール",
  source: "変更する場所",
  files: "ファイル",
  allFiles: "すべて",
  repository: {
    read: "リポジトリ自身のルールは、各マージリクエストのターゲットブランチから読み込まれ、これらの後に続きます。特定のファイルについて、それらも含めて確認するには:",
    unread: "ここでは、リポジトリ独自のルールは使われません。",
  },
};

/** The texts in the language of the page. */
export const projectTexts = ({ language }: Pick<Texts, "language">): ProjectTexts =>
  language === "ja" ? JAPANESE : ENGLISH;
