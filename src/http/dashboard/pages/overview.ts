import type { Translate } from "../../../messages/format-message.ts";
import type { NamedStanding } from "../../../base/circuit-breaker.ts";
import type { Run, RunState } from "../../../store/store.ts";
import type { SpanCount } from "../../../store/views/views.ts";
import { formatCount, formatMoney } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { type Content, html, type Markup } from "../markup/markup.ts";
import { type Day, plotDays } from "../markup/plot.ts";
import { withQuery } from "../markup/links.ts";
import type { Outage } from "../../../store/outage.ts";
import type { Visit } from "../visit.ts";
import type { NoticeTrouble } from "../../../store/notices/notice-store.ts";
import { noticesPart } from "./notices-part.ts";
import { outagesPart } from "./outages-part.ts";
import { breakersPart } from "./breakers-part.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** What the overview shows. */
export type Overview = {
  readonly counts: Readonly<Record<RunState, number>>;
  /** When each day began, the last of them today. */
  readonly days: readonly number[];
  readonly spans: readonly SpanCount[];
  readonly underWay: readonly Run[];
  readonly recent: readonly Run[];
  readonly failures: readonly Run[];
  readonly outages: readonly Outage[];
  readonly breakers: readonly NamedStanding[];
  readonly notices: readonly NoticeTrouble[];
  readonly nowMs: number;
};

const DONE: ReadonlySet<RunState> = new Set(["succeeded", "partial-succeeded"]);

const sum = (spans: readonly SpanCount[], of: "runs" | "tokens"): number =>
  spans.reduce((total, span) => total + span[of], 0);

/** The days' runs by how they ended. */
const daysOf = (starts: readonly number[], spans: readonly SpanCount[]): readonly Day[] =>
  starts.map((startMs, index) => {
    const own = spans.filter(({ span }) => span === index);
    const succeeded = sum(
      own.filter(({ state }) => DONE.has(state)),
      "runs",
    );
    const failed = sum(
      own.filter(({ state }) => state === "failed"),
      "runs",
    );
    return { startMs, succeeded, failed, other: sum(own, "runs") - succeeded - failed };
  });

/** Prices by their currency, the largest first; amounts of different currencies are never added. */
const costOf = (t: Translate, spans: readonly SpanCount[]): string => {
  const amounts = new Map<string, number>();
  for (const { price, currency } of spans) {
    if (price > 0) amounts.set(currency, (amounts.get(currency) ?? 0) + price);
  }
  const [first, ...rest] = [...amounts].toSorted(([, left], [, right]) => right - left);
  if (first === undefined) return formatMoney(t, 0, "");
  return [first, ...rest].map(([currency, amount]) => formatMoney(t, amount, currency)).join(" + ");
};

const tile = (label: string, value: string, href: string | null, kind = ""): Markup => {
  const inside: Content = html`<span class="value">${value}</span><span class="label">${label}</span>`;
  return href === null
    ? html`<li class="tile ${kind}">${inside}</li>`
    : html`<li class="tile ${kind}"><a href="${href}">${inside}</a></li>`;
};

const tiles = (t: Translate, { counts, days, spans }: Overview): Markup => {
  const today = spans.filter(({ span }) => span === days.length - 1);
  const failedToday = sum(
    today.filter(({ state }) => state === "failed"),
    "runs",
  );
  const reviewed = sum(
    today.filter(({ state }) => DONE.has(state)),
    "runs",
  );
  const count = (value: number): string => formatCount(t, value);
  return html`<ul class="tiles">
    ${tile(t("overview.running"), count(counts.active), withQuery("/runs", { state: "active" }))}
    ${tile(t("overview.waiting"), count(counts.queued + counts.retrying), withQuery("/runs", { state: "queued" }))}
    ${tile(t("overview.today"), count(reviewed), null)}
    ${tile(t("overview.failures"), count(failedToday), withQuery("/runs", { state: "failed" }), failedToday > 0 ? "bad" : "")}
    ${tile(t("overview.tokens"), count(sum(today, "tokens")), null)}
    ${tile(t("overview.cost"), costOf(t, today), null)}
    ${tile(t("overview.cost-span", { days: days.length }), costOf(t, spans), null)}
  </ul>`;
};

/** The overview: how things stand now, and how the last days were. */
export const overviewPage = (visit: Visit, columns: RunColumns, overview: Overview): Content => {
  const { t } = visit;
  return [
    html`<div id="tiles" data-region>${tiles(t, overview)}</div>`,
    html`<div id="outages" data-region>${outagesPart(visit, overview.outages)}</div>`,
    html`<div id="notices" data-region>${noticesPart(visit, overview.notices)}</div>`,
    html`<div id="breakers" data-region>${breakersPart(t, overview.breakers, overview.nowMs)}</div>`,
    section(
      t("overview.per-day", { days: overview.days.length }),
      plotDays(t, daysOf(overview.days, overview.spans)),
    ),
    section(
      t("overview.now"),
      runTable(t, columns, t("overview.now"), overview.underWay, t("overview.idle")),
      "under-way",
    ),
    section(
      t("overview.recent"),
      runTable(t, columns, t("overview.recent"), overview.recent, t("list.nothing")),
      "recent",
    ),
    section(
      t("overview.recent-failures"),
      runTable(t, columns, t("overview.recent-failures"), overview.failures, t("overview.no-failures")),
      "failures",
    ),
  ];
};
