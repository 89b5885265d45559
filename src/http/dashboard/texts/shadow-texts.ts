import type { ShadowAction, ShadowDecision } from "../../../review/shadow/decide-choice.ts";
import type { ShadowState } from "../../../store/shadows/shadow-store.ts";
import type { Texts } from "./english.ts";

type Refusal = (ShadowDecision & { kind: "refused" })["code"];

/** The texts of the pages about candidates, in one language. */
export type ShadowTexts = {
  readonly note: string;
  readonly none: string;
  readonly candidate: string;
  readonly present: string;
  readonly share: string;
  readonly standing: string;
  readonly comparing: string;
  readonly promoted: string;
  readonly dropped: string;
  /** When and by whom it was decided. */
  readonly since: (when: string, by: string | null) => string;
  readonly gone: (flow: string, candidate: string) => string;
  readonly actions: Readonly<Record<ShadowAction, string>>;
  readonly actionNotes: string;
  readonly done: Readonly<Record<ShadowAction | Refusal, string>>;
  readonly figures: string;
  readonly mergeRequests: string;
  readonly comparedRuns: string;
  readonly both: string;
  readonly onlyPresent: string;
  readonly onlyCandidate: string;
  readonly failed: string;
  readonly notMade: string;
  readonly waiting: string;
  readonly findings: string;
  readonly alone: string;
  readonly time: string;
  readonly comparisons: string;
  readonly states: Readonly<Record<ShadowState, string>>;
  readonly nothing: string;
  readonly noText: string;
};

const ENGLISH: ShadowTexts = {
  note: "A candidate reviews the same merge requests as its flow and posts nothing. Findings are those of the newest comparison of each merge request; cost, tokens and time are of all.",
  none: "No flow has a candidate. Name one with flows[].shadow in the configuration file.",
  candidate: "Candidate",
  present: "Present",
  share: "Share of merge requests",
  standing: "Standing",
  comparing: "Compared",
  promoted: "Promoted: it reviews in the flow's place",
  dropped: "Dropped: it no longer runs",
  since: (when, by) => `since ${when}${by === null ? "" : `, by ${by}`}`,
  gone: (flow, candidate) =>
    `The candidate ${candidate} of the flow ${flow} was promoted and is configured no longer: the flow reviews by itself again.`,
  actions: { promote: "Promote", drop: "Drop", undo: "Take back" },
  actionNotes:
    "Promote lets the candidate review from the next run on, on every server. The configuration file stays as it is; both can be taken back.",
  done: {
    promote: "The candidate reviews from now on.",
    drop: "The candidate runs no longer.",
    undo: "Taken back; the candidate is compared from now on.",
    "shadow-unknown": "Not done: the flow has no candidate in the configuration of this server.",
    "shadow-promoted": "Not done: the candidate is promoted. Take that back first.",
    "shadow-nothing-to-undo": "Not done: nothing was decided that could be taken back.",
    "shadow-unchanged": "That was decided already.",
  },
  figures: "Figures",
  mergeRequests: "Merge requests",
  comparedRuns: "Reviews compared",
  both: "Found by both",
  onlyPresent: "Only by the present flow",
  onlyCandidate: "Only by the candidate",
  failed: "Failed",
  notMade: "Not compared",
  waiting: "Waiting",
  findings: "Findings",
  alone: "Alone",
  time: "Time",
  comparisons: "Comparisons",
  states: { queued: "Waiting", active: "Running", done: "Compared", failed: "Failed", skipped: "Not made" },
  nothing: "Nothing has been compared yet.",
  noText: "No text.",
};

const JAPANESE: ShadowTexts = {
  note: "候補はフローと同じマージリクエストをレビューしますが、何も投稿しません。指摘は各マージリクエストの最新の比較のもの、費用・トークン・時間はすべての比較の合計です。",
  none: "候補のあるフローはありません。設定ファイルの flows[].shadow で指定してください。",
  candidate: "候補",
  present: "現行",
  share: "対象とするマージリクエストの割合",
  standing: "状態",
  comparing: "比較中",
  promoted: "採用済み：フローに代わってレビューします",
  dropped: "取り下げ済み：実行されません",
  since: (when, by) => `${when} から${by === null ? "" : `（${by}）`}`,
  gone: (flow, candidate) =>
    `フロー ${flow} の候補 ${candidate} は採用されていましたが、設定にはもうありません。フロー自身がレビューします。`,
  actions: { promote: "採用する", drop: "取り下げる", undo: "元に戻す" },
  actionNotes:
    "採用すると、すべてのサーバーで次の実行から候補がレビューします。設定ファイルは変わりません。どちらも元に戻せます。",
  done: {
    promote: "これからは候補がレビューします。",
    drop: "候補はもう実行されません。",
    undo: "元に戻しました。これから候補を比較します。",
    "shadow-unknown": "実行できません：このサーバーの設定では、フローに候補がありません。",
    "shadow-promoted": "実行できません：候補は採用済みです。先に元に戻してください。",
    "shadow-nothing-to-undo": "実行できません：元に戻すものがありません。",
    "shadow-unchanged": "すでにそのように決まっています。",
  },
  figures: "数値",
  mergeRequests: "マージリクエスト",
  comparedRuns: "比較したレビュー",
  both: "両方の指摘",
  onlyPresent: "現行のみの指摘",
  onlyCandidate: "候補のみの指摘",
  failed: "失敗",
  notMade: "比較なし",
  waiting: "待機中",
  findings: "指摘",
  alone: "単独",
  time: "時間",
  comparisons: "比較",
  states: { queued: "待機中", active: "実行中", done: "比較済み", failed: "失敗", skipped: "実施なし" },
  nothing: "まだ何も比較していません。",
  noText: "テキストはありません。",
};

/** The texts in the language of the page. */
export const shadowTexts = ({ language }: Pick<Texts, "language">): ShadowTexts =>
  language === "ja" ? JAPANESE : ENGLISH;
