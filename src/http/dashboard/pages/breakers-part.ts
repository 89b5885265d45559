import type { Translate } from "../../../messages/format-message.ts";
import type { NamedStanding } from "../../../base/circuit-breaker.ts";
import { formatTime } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { type Content, html } from "../markup/markup.ts";
import { table } from "../markup/table.ts";

/** The circuit breakers that keep calls back; nothing while every one lets them pass. */
export const breakersPart = (t: Translate, standings: readonly NamedStanding[], nowMs: number): Content => {
  const rows = standings.filter(({ state }) => state !== "closed");
  if (rows.length === 0) return null;
  return section(t("breakers.title"), [
    html`<p class="hint">${t("breakers.note")}</p>`,
    table({
      caption: t("breakers.title"),
      rows,
      empty: t("list.none"),
      columns: [
        { head: t("breakers.peer"), kind: "long", cell: ({ name }) => html`<code>${name}</code>` },
        {
          head: t("word.state"),
          cell: ({ state }) =>
            state === "open"
              ? html`<span class="badge failed">${t("breakers.open")}</span>`
              : html`<span class="badge retrying">${t("breakers.half-open")}</span>`,
        },
        { head: t("breakers.since"), cell: ({ sinceMs }) => formatTime(t, sinceMs) },
        {
          head: t("breakers.next-try"),
          cell: ({ state, nextTryMs }) =>
            state === "half-open"
              ? t("breakers.now")
              : nextTryMs === null || nextTryMs <= nowMs
                ? t("breakers.next-call")
                : formatTime(t, nextTryMs),
        },
      ],
    }),
  ]);
};
