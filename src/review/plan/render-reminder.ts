import type { NoteDraft } from "../forge.ts";
import { publishTable } from "../publish-text.ts";
import { languageOf } from "./language-of.ts";
import type { OwnThread } from "./marker.ts";

/** More threads are only counted. */
const MOST_SHOWN = 20;

type ReminderSentences = {
  readonly head: (days: number, threads: number) => string;
  readonly file: string;
  readonly more: (count: number) => string;
};

const SENTENCES = {
  english: {
    head: (days, threads) =>
      `Nothing has happened here for ${days} ${days === 1 ? "day" : "days"}, and ${threads} ${threads === 1 ? "finding is" : "findings are"} still open. Answer in the thread, or resolve what is done.`,
    file: "Open findings",
    more: (count) => `And ${count} more.`,
  },
  japanese: {
    head: (days, threads) =>
      `${days} 日間動きがなく、${threads} 件の指摘が未解決です。スレッドで回答するか、対応済みのものを解決してください。`,
    file: "未解決の指摘",
    more: (count) => `ほか ${count} 件。`,
  },
  korean: {
    head: (days, threads) =>
      `${days}일 동안 변화가 없으며, 지적 ${threads}건이 아직 열려 있습니다. 스레드에서 답하거나 끝난 것은 해결해 주세요.`,
    file: "열린 지적",
    more: (count) => `그 밖에 ${count}건.`,
  },
} as const satisfies Record<ReturnType<typeof languageOf>, ReminderSentences>;

/** The note that reminds of open threads; one for each run, found again by its marker. */
export const renderReminder = (
  threads: readonly OwnThread[],
  about: { readonly runId: string; readonly language: string; readonly quietMs: number },
): NoteDraft => {
  const say: ReminderSentences = SENTENCES[languageOf(about.language)];
  const marker = `<!-- reviewflow:reminder run=${about.runId} -->`;
  const shown = threads.slice(0, MOST_SHOWN);
  const rows = shown.map(({ matter, noteId }) => [
    { text: matter.path === "" ? `#${noteId}` : matter.path, noteId },
  ]);
  const parts = [
    say.head(Math.max(1, Math.floor(about.quietMs / 86_400_000)), threads.length),
    publishTable([say.file], rows),
    ...(threads.length > shown.length ? [say.more(threads.length - shown.length)] : []),
  ];
  return { marker, body: `${marker}\n${parts.join("\n\n")}` };
};
