import type { CommandName, CommandProblem } from "../commands/command.ts";
import { languageOf } from "../plan/language-of.ts";

/** Everything that the server itself says in a conversation. Arguments are texts that are harmless already. */
export type TalkSentences = {
  /** Behind an answer that takes a finding back. */
  readonly withdrawn: string;
  readonly lastTurn: string;
  readonly resolved: string;
  readonly ignored: string;
  readonly noFindingHere: string;
  readonly refused: (role: string) => string;
  readonly paused: (resume: string) => string;
  readonly resumed: string;
  readonly noAnswers: string;
  readonly answerFailed: string;
  readonly notReviewed: (reason: string) => string;
  readonly underReview: string;
  readonly helpHead: string;
  readonly help: Readonly<Record<CommandName, string>>;
  readonly problem: Readonly<Record<CommandProblem["code"], (text: string) => string>>;
};

const ENGLISH: TalkSentences = {
  withdrawn: "This finding is withdrawn.",
  lastTurn: "This was my last answer in this thread.",
  resolved: "Resolved. I will not raise this again here.",
  ignored: "Ignored. I will not raise this again here.",
  noFindingHere: "This command belongs in the thread of a finding of mine.",
  refused: (role) => `This takes the role ${role} or above in this project.`,
  paused: (resume) =>
    `Reviews of this merge request are paused until ${resume}. A review can still be asked for.`,
  resumed: "Reviews of this merge request go on with the next commits.",
  noAnswers: "Questions are not answered here: no model is set up for them.",
  answerFailed: "I could not answer this: the flow for answers failed.",
  notReviewed: (reason) => `No review was started: ${reason}`,
  underReview: "A review of this commit is under way already.",
  helpHead: "What you can ask of me, at the beginning of a line:",
  help: {
    review:
      "review everything anew, or only what is named: `review src/ *.ts`; `--changes` for what is new only",
    ask: "answer a question about the change",
    describe: "propose a title and a description",
    resolve: "resolve this finding",
    ignore: "leave this finding alone from now on",
    pause: "review no new commits of this merge request",
    resume: "review new commits again",
    help: "this list",
  },
  problem: {
    "unknown-command": (text) => `I do not know the command ${text}.`,
    "unknown-option": (text) => `I do not know the option ${text}.`,
    "option-value": (text) => `The option ${text} has a value that I cannot use.`,
    "too-many-paths": (text) => `These are too many or too long paths (${text}).`,
  },
};

const JAPANESE: TalkSentences = {
  withdrawn: "この指摘は取り下げます。",
  lastTurn: "このスレッドでの回答はこれで最後です。",
  resolved: "解決しました。ここでは今後この指摘をしません。",
  ignored: "無視します。ここでは今後この指摘をしません。",
  noFindingHere: "このコマンドは、私の指摘のスレッドの中で使ってください。",
  refused: (role) => `これには、このプロジェクトで ${role} 以上のロールが必要です。`,
  paused: (resume) =>
    `${resume} まで、このマージリクエストのレビューを休止します。依頼があればレビューします。`,
  resumed: "次のコミットから、このマージリクエストのレビューを再開します。",
  noAnswers: "ここでは質問に回答できません。回答用のモデルが設定されていません。",
  answerFailed: "回答できませんでした。回答用のフローが失敗しました。",
  notReviewed: (reason) => `レビューは開始されませんでした: ${reason}`,
  underReview: "このコミットのレビューはすでに進行中です。",
  helpHead: "行の先頭に書くと、次のことができます:",
  help: {
    review:
      "すべてを、または指定したものだけを改めてレビュー: `review src/ *.ts`。`--changes` で新しい変更のみ",
    ask: "変更についての質問に回答",
    describe: "タイトルと説明文を提案",
    resolve: "この指摘を解決済みにする",
    ignore: "この指摘を今後無視する",
    pause: "このマージリクエストの新しいコミットのレビューを休止",
    resume: "新しいコミットのレビューを再開",
    help: "この一覧",
  },
  problem: {
    "unknown-command": (text) => `コマンド ${text} はありません。`,
    "unknown-option": (text) => `オプション ${text} はありません。`,
    "option-value": (text) => `オプション ${text} の値は使えません。`,
    "too-many-paths": (text) => `パスが多すぎるか、長すぎます (${text})。`,
  },
};

const KOREAN: TalkSentences = {
  withdrawn: "이 지적을 철회합니다.",
  lastTurn: "이 스레드에서의 마지막 답변입니다.",
  resolved: "해결했습니다. 여기서 이 지적을 다시 하지 않겠습니다.",
  ignored: "무시합니다. 여기서 이 지적을 다시 하지 않겠습니다.",
  noFindingHere: "이 명령은 제 지적의 스레드 안에서 사용해 주세요.",
  refused: (role) => `이 프로젝트에서 ${role} 이상의 역할이 필요합니다.`,
  paused: (resume) => `${resume} 전까지 이 병합 요청의 리뷰를 중지합니다. 요청하면 리뷰합니다.`,
  resumed: "다음 커밋부터 이 병합 요청의 리뷰를 다시 시작합니다.",
  noAnswers: "여기서는 질문에 답할 수 없습니다. 답변용 모델이 설정되어 있지 않습니다.",
  answerFailed: "답변하지 못했습니다. 답변용 플로가 실패했습니다.",
  notReviewed: (reason) => `리뷰를 시작하지 않았습니다: ${reason}`,
  underReview: "이 커밋의 리뷰가 이미 진행 중입니다.",
  helpHead: "줄의 맨 앞에 쓰면 다음을 할 수 있습니다:",
  help: {
    review: "전부 또는 지정한 것만 다시 리뷰: `review src/ *.ts`. `--changes`는 새 변경만",
    ask: "변경에 대한 질문에 답변",
    describe: "제목과 설명을 제안",
    resolve: "이 지적을 해결됨으로 표시",
    ignore: "앞으로 이 지적을 무시",
    pause: "이 병합 요청의 새 커밋 리뷰를 중지",
    resume: "새 커밋 리뷰를 다시 시작",
    help: "이 목록",
  },
  problem: {
    "unknown-command": (text) => `${text} 명령은 없습니다.`,
    "unknown-option": (text) => `${text} 옵션은 없습니다.`,
    "option-value": (text) => `${text} 옵션의 값을 사용할 수 없습니다.`,
    "too-many-paths": (text) => `경로가 너무 많거나 깁니다 (${text}).`,
  },
};

const SENTENCES = { english: ENGLISH, japanese: JAPANESE, korean: KOREAN } as const;

/** The sentences for a language as people name it; English for every one that the server does not speak. */
export const talkSentencesFor = (language: string): TalkSentences => SENTENCES[languageOf(language)];
