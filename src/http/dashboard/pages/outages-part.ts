import type { Outage } from "../../../store/outage.ts";
import { formatCount, formatTime } from "../markup/format.ts";
import { actionButton, section } from "../markup/layout.ts";
import { type Content, html } from "../markup/markup.ts";
import { reasonText } from "../markup/reason-text.ts";
import { table } from "../markup/table.ts";
import type { Visit } from "../visit.ts";

/** What outside does not work, and what waits for it; nothing while everything works. */
export const outagesPart = (visit: Visit, outages: readonly Outage[]): Content => {
  const { t, nowMs } = visit;
  if (outages.length === 0) return null;
  return section(t("outages.title"), [
    html`<p class="hint">${t("outages.note")}</p>`,
    table({
      caption: t("outages.title"),
      rows: outages,
      empty: t("list.none"),
      columns: [
        {
          head: t("outages.peer"),
          kind: "long",
          cell: ({ peer }) => html`${t(`peer.${peer.kind}`)} <code>${peer.name}</code>`,
        },
        {
          head: t("word.state"),
          cell: ({ state }) =>
            state === "parked"
              ? html`<span class="badge failed">${t("outages.parked")}</span>`
              : html`<span class="badge retrying">${t("outages.away")}</span>`,
        },
        { head: t("word.reason"), kind: "long", cell: ({ reason }) => reasonText(t, reason) },
        { head: t("outages.since"), cell: ({ sinceMs }) => formatTime(t, sinceMs) },
        { head: t("outages.runs"), kind: "number", cell: ({ waiting }) => formatCount(t, waiting) },
        {
          head: t("outages.next-try"),
          cell: ({ nextTryAtMs }) =>
            nextTryAtMs === null
              ? t("outages.by-hand")
              : nextTryAtMs <= nowMs
                ? t("outages.next-run")
                : formatTime(t, nextTryAtMs),
        },
        {
          head: "",
          cell: ({ peer }) =>
            actionButton(visit, `/outages/${peer.kind}/${nameInPath(peer.name)}/resume`, t("outages.resume")),
        },
      ],
    }),
  ]);
};

/** A name as a segment of a path: names hold slashes, which proxies unescape. */
const nameInPath = (name: string): string => Buffer.from(name).toString("base64url");

/** The name in a segment of `nameInPath`. */
export const nameFromPath = (segment: string): string => Buffer.from(segment, "base64url").toString();
