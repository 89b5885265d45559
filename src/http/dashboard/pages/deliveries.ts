import type { Delivery, Run } from "../../../store/store.ts";
import type { Slice } from "../../../store/views/views.ts";
import { formatBytes, formatCount, formatTime } from "../markup/format.ts";
import { actionButton, section } from "../markup/layout.ts";
import { deliveryLink, mergeRequestName, pager, runLink } from "../markup/links.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { ShownBody } from "../mask-text.ts";
import type { Texts } from "../texts/english.ts";
import type { Visit } from "../visit.ts";
import { filterForm } from "./filter-form.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** Everything that can become of a delivery. */
export const DECISIONS = [
  "review",
  "reply",
  "cancel",
  "ignore",
] as const satisfies readonly Delivery["decision"][];

/** Which deliveries were asked for. */
export type DeliveriesFilter = {
  readonly decision: Delivery["decision"] | null;
  readonly project: string | null;
  readonly before: string | null;
};

/** What became of a delivery, as a badge. */
export const decisionBadge = (texts: Texts, decision: Delivery["decision"]): Markup =>
  html`<span class="badge ${decision}">${texts.decisions[decision]}</span>`;

/** Deliveries, newest first. */
export const deliveryTable = (texts: Texts, rows: readonly Delivery[], empty: string): Markup => {
  const { words } = texts;
  return table({
    caption: texts.pages.deliveries,
    rows,
    empty,
    columns: [
      { head: words.delivery, cell: ({ id }) => deliveryLink(id) },
      { head: words.decision, cell: ({ decision }) => decisionBadge(texts, decision) },
      { head: words.event, kind: "long", cell: ({ eventName }) => eventName },
      {
        head: words.mergeRequest,
        kind: "long",
        cell: ({ projectPath, iid }) => mergeRequestName(projectPath, iid),
      },
      { head: words.reason, kind: "long", cell: ({ reason }) => reason },
      { head: words.run, cell: ({ runId }) => (runId === null ? null : runLink(runId)) },
      { head: words.repeats, kind: "number", cell: ({ repeats }) => formatCount(texts, repeats) },
      { head: words.received, cell: ({ receivedAtMs }) => formatTime(texts, receivedAtMs) },
    ],
  });
};

/** The list of deliveries. */
export const deliveriesPage = (
  texts: Texts,
  { before, ...filter }: DeliveriesFilter,
  slice: Slice<Delivery>,
): Content => {
  const { words } = texts;
  const isNarrowed = filter.decision !== null || filter.project !== null;
  return [
    filterForm(texts, "/deliveries", [
      {
        name: "decision",
        label: words.decision,
        value: filter.decision,
        choices: DECISIONS.map((decision) => [decision, texts.decisions[decision]]),
      },
      { name: "project", label: words.project, value: filter.project },
    ]),
    html`<div id="deliveries" data-region>
      ${deliveryTable(texts, slice.rows, isNarrowed ? texts.nothingMatches : texts.nothing)}
      ${pager(texts, "/deliveries", filter, { ...slice, before })}
    </div>`,
  ];
};

const bodySection = (texts: Texts, body: ShownBody | null): Content => {
  const words = texts.delivery;
  if (body === null) return html`<p class="empty">${words.gone}</p>`;
  if (body.kind === "too-large") return html`<p class="empty">${words.tooLarge(formatBytes(body.bytes))}</p>`;
  return html`<p class="hint">${words.masked} ${body.kind === "text" ? words.notJson : null}</p>
    <pre tabindex="0" role="region" aria-label="${words.body}"><code>${body.text}</code></pre>
    ${body.isCut ? html`<p class="hint">${words.cut}</p>` : null}`;
};

/** One delivery: what it was, what became of it, and its body. */
export const deliveryPage = (
  visit: Visit,
  columns: RunColumns,
  delivery: Delivery,
  runs: readonly Run[],
  body: ShownBody | null,
): Content => {
  const { texts } = visit;
  const { words } = texts;
  return [
    html`<div class="actions">
      ${actionButton(visit, `/deliveries/${delivery.id}/replay`, texts.delivery.replay)}
      <p class="hint">${texts.delivery.replayNote}</p>
    </div>`,
    section(
      texts.run.facts,
      facts([
        [words.decision, decisionBadge(texts, delivery.decision)],
        [words.reason, delivery.reason],
        [words.event, delivery.eventName],
        [words.mergeRequest, mergeRequestName(delivery.projectPath, delivery.iid)],
        [words.received, formatTime(texts, delivery.receivedAtMs)],
        [words.repeats, formatCount(texts, delivery.repeats)],
        [words.key, html`<code>${delivery.key}</code>`],
        [words.id, html`<code>${delivery.id}</code>`],
      ]),
    ),
    section(
      texts.run.runsOfDelivery,
      runTable(texts, columns, texts.run.runsOfDelivery, runs, texts.none),
      "runs",
    ),
    section(
      texts.delivery.headers,
      facts(Object.entries(delivery.headers).map(([name, value]) => [html`<code>${name}</code>`, value])),
    ),
    section(texts.delivery.body, bodySection(texts, body)),
  ];
};
