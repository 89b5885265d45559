import type { NamedStanding } from "../../../base/breaker/create-breaker.ts";
import { formatTime } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { type Content, html } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import { protectionTexts } from "../texts/protection-texts.ts";
import type { Texts } from "../texts/english.ts";

/** The circuit breakers that keep calls back; nothing while every one lets them pass. */
export const breakersPart = (texts: Texts, standings: readonly NamedStanding[], nowMs: number): Content => {
  const words = protectionTexts(texts).breakers;
  const rows = standings.filter(({ state }) => state !== "closed");
  if (rows.length === 0) return null;
  return section(words.title, [
    html`<p class="hint">${words.note}</p>`,
    table({
      caption: words.title,
      rows,
      empty: texts.none,
      columns: [
        { head: words.peer, kind: "long", cell: ({ name }) => html`<code>${name}</code>` },
        {
          head: texts.words.state,
          cell: ({ state }) =>
            state === "open"
              ? html`<span class="badge failed">${words.open}</span>`
              : html`<span class="badge retrying">${words.halfOpen}</span>`,
        },
        { head: words.since, cell: ({ sinceMs }) => formatTime(texts, sinceMs) },
        {
          head: words.nextTry,
          cell: ({ state, nextTryMs }) =>
            state === "half-open"
              ? words.now
              : nextTryMs === null || nextTryMs <= nowMs
                ? words.nextCall
                : formatTime(texts, nextTryMs),
        },
      ],
    }),
  ]);
};
