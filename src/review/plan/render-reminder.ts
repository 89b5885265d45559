import { translator } from "../../messages/format-message.ts";
import type { NoteDraft } from "../forge.ts";
import { publishTable } from "../publish-text.ts";
import type { OwnThread } from "./marker.ts";

/** More threads are only counted. */
const MOST_SHOWN = 20;

/** The note that reminds of open threads; one for each run, found again by its marker. */
export const renderReminder = (
  threads: readonly OwnThread[],
  about: { readonly runId: string; readonly language: string; readonly quietMs: number },
): NoteDraft => {
  const t = translator(about.language);
  const marker = `<!-- reviewflow:reminder run=${about.runId} -->`;
  const shown = threads.slice(0, MOST_SHOWN);
  const rows = shown.map(({ matter, noteId }) => [
    { text: matter.path === "" ? `#${noteId}` : matter.path, noteId },
  ]);
  const parts = [
    t("reminder.head", {
      days: Math.max(1, Math.floor(about.quietMs / 86_400_000)),
      threads: threads.length,
    }),
    publishTable([t("reminder.open-findings")], rows),
    ...(threads.length > shown.length ? [t("summary.more", { count: threads.length - shown.length })] : []),
  ];
  return { marker, body: `${marker}\n${parts.join("\n\n")}` };
};
