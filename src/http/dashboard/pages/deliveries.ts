import { reasonText } from "../markup/reason-text.ts";
import type { Translate } from "../../../messages/format-message.ts";
import { DECISIONS, type Delivery, type Run } from "../../../store/store.ts";
import type { Slice } from "../../../store/views/views.ts";
import { formatBytes, formatCount, formatTime } from "../markup/format.ts";
import { actionButton, section } from "../markup/layout.ts";
import { deliveryLink, mergeRequestName, pager, runLink } from "../markup/links.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { ShownBody } from "../mask-text.ts";
import type { Visit } from "../visit.ts";
import { filterForm } from "./filter-form.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** Which deliveries were asked for. */
export type DeliveriesFilter = {
  readonly decision: Delivery["decision"] | null;
  readonly project: string | null;
  readonly before: string | null;
};

/** What became of a delivery, as a badge. */
export const decisionBadge = (t: Translate, decision: Delivery["decision"]): Markup =>
  html`<span class="badge ${decision}">${t(`decision.${decision}`)}</span>`;

/** Deliveries, newest first. */
export const deliveryTable = (t: Translate, rows: readonly Delivery[], empty: string): Markup => {
  return table({
    caption: t("page.deliveries"),
    rows,
    empty,
    columns: [
      { head: t("word.delivery"), cell: ({ id }) => deliveryLink(id) },
      { head: t("word.decision"), cell: ({ decision }) => decisionBadge(t, decision) },
      { head: t("word.event"), kind: "long", cell: ({ eventName }) => eventName },
      {
        head: t("word.merge-request"),
        kind: "long",
        cell: ({ projectPath, iid }) => mergeRequestName(projectPath, iid),
      },
      { head: t("word.reason"), kind: "long", cell: ({ reason }) => reasonText(t, reason) },
      { head: t("word.run"), cell: ({ runId }) => (runId === null ? null : runLink(runId)) },
      { head: t("word.repeats"), kind: "number", cell: ({ repeats }) => formatCount(t, repeats) },
      { head: t("word.received"), cell: ({ receivedAtMs }) => formatTime(t, receivedAtMs) },
    ],
  });
};

/** The list of deliveries. */
export const deliveriesPage = (
  t: Translate,
  { before, ...filter }: DeliveriesFilter,
  slice: Slice<Delivery>,
): Content => {
  const isNarrowed = filter.decision !== null || filter.project !== null;
  return [
    filterForm(t, "/deliveries", [
      {
        name: "decision",
        label: t("word.decision"),
        value: filter.decision,
        choices: DECISIONS.map((decision) => [decision, t(`decision.${decision}`)]),
      },
      { name: "project", label: t("word.project"), value: filter.project },
    ]),
    html`<div id="deliveries" data-region>
      ${deliveryTable(t, slice.rows, isNarrowed ? t("list.no-match") : t("list.nothing"))}
      ${pager(t, "/deliveries", filter, { ...slice, before })}
    </div>`,
  ];
};

const bodySection = (t: Translate, body: ShownBody | null): Content => {
  if (body === null) return html`<p class="empty">${t("delivery.gone")}</p>`;
  if (body.kind === "too-large")
    return html`<p class="empty">${t("delivery.too-large", { size: formatBytes(t, body.bytes) })}</p>`;
  return html`<p class="hint">
      ${t("delivery.masked")} ${body.kind === "text" ? t("delivery.not-json") : null}
    </p>
    <pre tabindex="0" role="region" aria-label="${t("delivery.body")}"><code>${body.text}</code></pre>
    ${body.isCut ? html`<p class="hint">${t("delivery.cut")}</p>` : null}`;
};

/** One delivery: what it was, what became of it, and its body. */
export const deliveryPage = (
  visit: Visit,
  columns: RunColumns,
  delivery: Delivery,
  runs: readonly Run[],
  body: ShownBody | null,
): Content => {
  const { t } = visit;
  return [
    html`<div class="actions">
      ${actionButton(visit, `/deliveries/${delivery.id}/replay`, t("delivery.replay"))}
      <p class="hint">${t("delivery.replay-note")}</p>
    </div>`,
    section(
      t("run.facts"),
      facts([
        [t("word.decision"), decisionBadge(t, delivery.decision)],
        [t("word.reason"), reasonText(t, delivery.reason)],
        [t("word.event"), delivery.eventName],
        [t("word.merge-request"), mergeRequestName(delivery.projectPath, delivery.iid)],
        [t("word.received"), formatTime(t, delivery.receivedAtMs)],
        [t("word.repeats"), formatCount(t, delivery.repeats)],
        [t("word.key"), html`<code>${delivery.key}</code>`],
        [t("word.id"), html`<code>${delivery.id}</code>`],
      ]),
    ),
    section(
      t("run.runs-of-delivery"),
      runTable(t, columns, t("run.runs-of-delivery"), runs, t("list.none")),
      "runs",
    ),
    section(
      t("delivery.headers"),
      facts(Object.entries(delivery.headers).map(([name, value]) => [html`<code>${name}</code>`, value])),
    ),
    section(t("delivery.body"), bodySection(t, body)),
  ];
};
