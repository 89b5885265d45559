import { formatTime } from "../markup/format.ts";
import { actionButton, formToken, section } from "../markup/layout.ts";
import { html, type Content } from "../markup/markup.ts";
import { BASE, type Visit } from "../visit.ts";
import type { ShownLessons } from "../../lesson-desk.ts";

/** What a page about lessons shows. */
export type LessonsView = {
  readonly lessons: ShownLessons;
  /** What somebody wrote that could not be saved; null for the text as it is. */
  readonly draft: string | null;
};

/** A project's file of lessons, to be read, changed and turned off. */
export const lessonsPage = (visit: Visit, { lessons, draft }: LessonsView): Content => {
  const { t } = visit;
  const { projectId, text, on, version, editedAtMs, editedBy } = lessons;
  const path = `/lessons/${projectId}`;
  const rows = Math.min(40, Math.max(16, text.split("\n").length + 2));
  return [
    html`<p class="hint">${t("lessons.note")}</p>`,
    html`<p>
      <strong>${on ? t("lessons.on") : t("lessons.off")}</strong>
      ${
        editedAtMs === null
          ? null
          : html`<span class="soft"
              >${t("lessons.edited", { user: editedBy ?? "?" })} ${formatTime(t, editedAtMs)}</span
            >`
      }
    </p>`,
    actionButton(visit, `${path}/${on ? "off" : "on"}`, on ? t("lessons.turn-off") : t("lessons.turn-on")),
    section(
      t("lessons.file"),
      html`<form method="post" action="${BASE}${path}" class="lessons">
        ${formToken(visit)}<input type="hidden" name="version" value="${version}" />
        <label for="lessons-text">${t("lessons.label")}</label>
        <textarea id="lessons-text" name="text" rows="${rows}" spellcheck="false">${draft ?? text}</textarea>
        <button type="submit">${t("lessons.save")}</button>
      </form>`,
    ),
  ];
};
