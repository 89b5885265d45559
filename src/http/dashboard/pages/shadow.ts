import { SEVERITIES } from "../../../review/finding.ts";
import { type BySeverity, countAll } from "../../../review/shadow/shadow-report.ts";
import type { ConsumedTotal, ShadowTotals } from "../../../review/shadow/sum-shadows.ts";
import type { CandidateStanding, ShadowRun } from "../../../store/shadows/shadow-store.ts";
import type { CandidateView } from "../../shadow/shadow-desk.ts";
import { formatCount, formatDuration, formatMoney, formatShare, formatTime } from "../markup/format.ts";
import { actionButton } from "../markup/layout.ts";
import { mergeRequestName } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { Texts } from "../texts/english.ts";
import { shadowTexts } from "../texts/shadow-texts.ts";
import { BASE, type Visit } from "../visit.ts";

/** How a candidate stands, in words. */
export const standingOf = (texts: Texts, standing: CandidateStanding | null): Content => {
  const words = shadowTexts(texts);
  if (standing === null || standing.choice === null) return words.comparing;
  const at = new Intl.DateTimeFormat(texts.locale, { dateStyle: "medium", timeStyle: "short" });
  const badge = standing.choice === "promoted" ? "succeeded" : "cancelled";
  return html`<span class="badge ${badge}">${words[standing.choice]}</span>
    <span class="soft">${words.since(at.format(standing.chosenAtMs ?? 0), standing.chosenBy)}</span>`;
};

/** What holds for a promoted candidate that is configured no longer. */
export const goneNotes = (texts: Texts, left: readonly CandidateStanding[]): Content =>
  left.map(({ flow, candidate }) => html`<p class="hint">${shadowTexts(texts).gone(flow, candidate)}</p>`);

/** What was decided about candidates and holds over the settings; nothing where nothing was. */
export const chosenNotes = (
  texts: Texts,
  standings: ReadonlyMap<string, CandidateStanding> = new Map(),
  left: readonly CandidateStanding[] = [],
): Content => [
  [...standings.values()]
    .filter(({ choice }) => choice !== null)
    .map(
      (standing) =>
        html`<p class="notice">
          <a href="${BASE}/shadow">${standing.flow} · ${standing.candidate}</a> ${standingOf(texts, standing)}
        </p>`,
    ),
  goneNotes(texts, left),
];

const money = (texts: Texts, cost: ReadonlyMap<string, number>): string =>
  cost.size === 0
    ? formatMoney(texts, 0, "")
    : [...cost].map(([currency, amount]) => formatMoney(texts, amount, currency)).join(" + ");

const buttons = (visit: Visit, { shown, standing }: CandidateView): Content => {
  const words = shadowTexts(visit.texts);
  const path = (action: string) => `/shadow/${encodeURIComponent(shown.flow)}/${action}`;
  const choice = standing?.choice ?? null;
  return html`<div class="actions">
    ${choice === "promoted" ? null : actionButton(visit, path("promote"), words.actions.promote)}
    ${choice === null ? actionButton(visit, path("drop"), words.actions.drop, "plain") : null}
    ${choice === null ? null : actionButton(visit, path("undo"), words.actions.undo, "plain")}
  </div>`;
};

type Side = {
  readonly name: string;
  readonly found: BySeverity;
  readonly alone: BySeverity;
  readonly took: ConsumedTotal;
};

const add = (left: BySeverity, right: BySeverity): BySeverity => ({
  critical: left.critical + right.critical,
  major: left.major + right.major,
  minor: left.minor + right.minor,
  info: left.info + right.info,
});

const sidesTable = (texts: Texts, totals: ShadowTotals): Content => {
  const words = shadowTexts(texts);
  const { both, onlyPresent, onlyCandidate } = totals;
  const rows: readonly Side[] = [
    { name: words.present, found: add(both, onlyPresent), alone: onlyPresent, took: totals.present },
    { name: words.candidate, found: add(both, onlyCandidate), alone: onlyCandidate, took: totals.candidate },
  ];
  return table({
    caption: words.figures,
    rows,
    empty: words.nothing,
    columns: [
      { head: texts.words.flow, cell: ({ name }) => html`<strong>${name}</strong>` },
      { head: words.findings, kind: "number", cell: ({ found }) => formatCount(texts, countAll(found)) },
      { head: words.alone, kind: "number", cell: ({ alone }) => formatCount(texts, countAll(alone)) },
      ...SEVERITIES.map((severity) => ({
        head: texts.severities[severity],
        kind: "number" as const,
        cell: ({ found }: Side) => formatCount(texts, found[severity]),
      })),
      { head: texts.words.cost, kind: "number", cell: ({ took }) => money(texts, took.cost) },
      { head: texts.words.tokens, kind: "number", cell: ({ took }) => formatCount(texts, took.tokens) },
      { head: words.time, kind: "number", cell: ({ took }) => formatDuration(took.elapsedMs) },
    ],
  });
};

const BADGES = {
  queued: "queued",
  active: "active",
  done: "succeeded",
  failed: "failed",
  skipped: "cancelled",
} as const;

const shadowTable = (texts: Texts, rows: readonly ShadowRun[]): Content => {
  const words = shadowTexts(texts);
  const count = (of: "both" | "onlyPresent" | "onlyCandidate") => (row: ShadowRun) =>
    row.figures === null ? "–" : formatCount(texts, countAll(row.figures[of]));
  const cost = (of: "present" | "candidate") => (row: ShadowRun) =>
    row.figures === null
      ? "–"
      : formatMoney(texts, row.figures[of].usage.totalPrice, row.figures[of].usage.currency);
  return table({
    caption: words.comparisons,
    rows,
    empty: words.nothing,
    columns: [
      {
        head: texts.words.mergeRequest,
        kind: "long",
        cell: ({ id, projectPath, iid }) =>
          html`<a href="${BASE}/shadow/runs/${id}">${mergeRequestName(projectPath, iid)}</a>`,
      },
      {
        head: texts.words.state,
        kind: "long",
        cell: ({ state, reason }) =>
          html`<span class="badge ${BADGES[state]}">${words.states[state]}</span>${
              reason === null ? null : html`<span class="under">${reason}</span>`
            }`,
      },
      { head: words.both, kind: "number", cell: count("both") },
      { head: words.onlyPresent, kind: "number", cell: count("onlyPresent") },
      { head: words.onlyCandidate, kind: "number", cell: count("onlyCandidate") },
      {
        head: texts.words.cost,
        kind: "long",
        cell: (row) => [
          html`<span class="under">${words.present}: ${cost("present")(row)}</span>`,
          html`<span class="under">${words.candidate}: ${cost("candidate")(row)}</span>`,
        ],
      },
      { head: texts.words.finished, cell: ({ finishedAtMs }) => formatTime(texts, finishedAtMs) },
    ],
  });
};

/** Every candidate beside its flow, with what can be decided about it. */
export const shadowPage = (
  visit: Visit,
  views: readonly CandidateView[],
  left: readonly CandidateStanding[],
): Content => {
  const { texts } = visit;
  const words = shadowTexts(texts);
  return [
    html`<p class="hint">${words.note}</p>`,
    goneNotes(texts, left),
    views.length === 0 ? html`<p class="empty">${words.none}</p>` : null,
    views.map((view) => {
      const { shown, standing, totals, shadows } = view;
      return html`<section>
        <h2>${shown.flow} <span class="soft">${shown.candidate}</span></h2>
        ${facts([
          [words.standing, standingOf(texts, standing)],
          [words.present, html`<code>${shown.presentSource}</code>`],
          [words.candidate, html`<code>${shown.candidateSource}</code>`],
          [words.share, formatShare(texts, shown.share)],
        ])}
        ${buttons(visit, view)}
        <p class="hint">${words.actionNotes}</p>
        ${facts(
          [
            [words.mergeRequests, formatCount(texts, totals.mergeRequests)],
            [words.comparedRuns, formatCount(texts, totals.compared)],
            [words.both, formatCount(texts, countAll(totals.both))],
            [words.waiting, formatCount(texts, totals.waiting)],
            [words.failed, formatCount(texts, totals.failed)],
            [words.notMade, formatCount(texts, totals.skipped)],
          ],
          "compact",
        )}
        ${sidesTable(texts, totals)}
        <h3>${words.comparisons}</h3>
        ${shadowTable(texts, shadows)}
      </section>`;
    }),
  ];
};
