import type { CallPart } from "../../../store/run-event.ts";
import type { Texts } from "../texts/english.ts";
import type { CallState, StepState } from "./run-progress.ts";

/** The words of a run's picture and steps. */
export type LiveTexts = {
  readonly steps: Readonly<Record<StepState, string>>;
  readonly calls: Readonly<Record<CallState, string>>;
  readonly part: (part: CallPart) => string;
  readonly callList: string;
  readonly stepList: string;
  readonly node: string;
  readonly inputs: string;
  readonly outputs: string;
  readonly error: string;
  readonly round: (number: number) => string;
  readonly rounds: (begun: number, all: number | null) => string;
  readonly retries: (count: number) => string;
  readonly resumed: string;
  readonly attempt: (number: number) => string;
  readonly moreFiles: (count: number) => string;
  readonly nothingYet: string;
  readonly noPicture: string;
  readonly otherVersion: string;
  readonly standIn: (why: string) => string;
  readonly omitted: (count: number) => string;
};

const english: LiveTexts = {
  steps: {
    waiting: "Waiting",
    running: "Running",
    succeeded: "Succeeded",
    failed: "Failed",
    exception: "Failed, handled",
    retry: "Trying again",
    skipped: "Not run",
    stopped: "Stopped",
  },
  calls: {
    running: "Running",
    succeeded: "Succeeded",
    "partial-succeeded": "Partly succeeded",
    failed: "Failed",
    stopped: "Stopped",
    interrupted: "Interrupted",
  },
  part: ({ role, index }) =>
    ({
      main: "Review",
      pass: `Pass ${index + 1}`,
      verify: "Verification",
      summary: "Summary",
      reply: "Answer",
    })[role],
  callList: "Calls of the flow",
  stepList: "Steps of this call",
  node: "Step",
  inputs: "Inputs",
  outputs: "Outputs",
  error: "Error",
  round: (number) => `Round ${number}`,
  rounds: (begun, all) => (all === null ? `${begun} rounds` : `${begun} of ${all} rounds`),
  retries: (count) => `Tried again: ${count}`,
  resumed: "From an earlier attempt",
  attempt: (number) => `attempt ${number}`,
  moreFiles: (count) => `and ${count} more`,
  nothingYet: "No step has been recorded. Steps are kept for 30 days.",
  noPicture: "This flow runs on a Dify server; its steps are below, in the order in which they began.",
  standIn: (why) => `Another flow stood in: ${why}`,
  otherVersion: "The flow file has changed since this run; the picture shows the present one.",
  omitted: (count) => `${count} further events were too many to keep.`,
};

const japanese: LiveTexts = {
  steps: {
    waiting: "待機中",
    running: "実行中",
    succeeded: "成功",
    failed: "失敗",
    exception: "失敗（処理済み）",
    retry: "再試行中",
    skipped: "未実行",
    stopped: "停止",
  },
  calls: {
    running: "実行中",
    succeeded: "成功",
    "partial-succeeded": "一部成功",
    failed: "失敗",
    stopped: "停止",
    interrupted: "中断",
  },
  part: ({ role, index }) =>
    ({ main: "レビュー", pass: `パス ${index + 1}`, verify: "検証", summary: "要約", reply: "回答" })[role],
  callList: "フローの呼び出し",
  stepList: "この呼び出しのステップ",
  node: "ステップ",
  inputs: "入力",
  outputs: "出力",
  error: "エラー",
  round: (number) => `${number} 回目`,
  rounds: (begun, all) => (all === null ? `${begun} 回` : `${all} 回中 ${begun} 回`),
  retries: (count) => `再試行: ${count}`,
  resumed: "以前の試行の結果",
  attempt: (number) => `試行 ${number}`,
  moreFiles: (count) => `ほか ${count} 件`,
  nothingYet: "記録されたステップはありません。ステップは 30 日間保存されます。",
  noPicture: "このフローは Dify サーバーで動きます。ステップを開始順に下に示します。",
  standIn: (why) => `代わりのフローで実行しました: ${why}`,
  otherVersion: "この実行の後にフローファイルが変更されました。図は現在のものです。",
  omitted: (count) => `多すぎるため、ほかの ${count} 件のイベントは保存されていません。`,
};

/** The words in the language of a page. */
export const liveTextsFor = ({ language }: Texts): LiveTexts => (language === "ja" ? japanese : english);
