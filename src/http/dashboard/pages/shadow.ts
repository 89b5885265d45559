import { reasonText } from "../markup/reason-text.ts";
import type { Translate } from "../../../messages/format-message.ts";
import { SEVERITIES } from "../../../review/finding.ts";
import { type BySeverity, countAll } from "../../../review/shadow/shadow-report.ts";
import type { ConsumedTotal, ShadowTotals } from "../../../review/shadow/sum-shadows.ts";
import type { CandidateStanding, ShadowRun } from "../../../store/shadows/shadow-store.ts";
import type { CandidateView } from "../../shadow/shadow-desk.ts";
import {
  formatCount,
  formatDuration,
  formatMoment,
  formatMoney,
  formatShare,
  formatTime,
} from "../markup/format.ts";
import { actionButton } from "../markup/layout.ts";
import { mergeRequestName } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import { BASE, type Visit } from "../visit.ts";

/** How a candidate stands, in words. */
export const standingOf = (t: Translate, standing: CandidateStanding | null): Content => {
  if (standing === null || standing.choice === null) return t("shadow.comparing");
  const when = formatMoment(t, standing.chosenAtMs ?? 0);
  const by = standing.chosenBy;
  const badge = standing.choice === "promoted" ? "succeeded" : "cancelled";
  return html`<span class="badge ${badge}">${t(`shadow.${standing.choice}`)}</span>
    <span class="soft"
      >${by === null ? t("shadow.since", { when }) : t("shadow.since-by", { when, user: by })}</span
    >`;
};

/** What holds for a promoted candidate that is configured no longer. */
const goneNotes = (t: Translate, left: readonly CandidateStanding[]): Content =>
  left.map(({ flow, candidate }) => html`<p class="hint">${t("shadow.gone", { flow, candidate })}</p>`);

/** What was decided about candidates and holds over the settings; nothing where nothing was. */
export const chosenNotes = (
  t: Translate,
  standings: ReadonlyMap<string, CandidateStanding> = new Map(),
  left: readonly CandidateStanding[] = [],
): Content => [
  [...standings.values()]
    .filter(({ choice }) => choice !== null)
    .map(
      (standing) =>
        html`<p class="notice">
          <a href="${BASE}/shadow">${standing.flow} · ${standing.candidate}</a> ${standingOf(t, standing)}
        </p>`,
    ),
  goneNotes(t, left),
];

const money = (t: Translate, cost: ReadonlyMap<string, number>): string =>
  cost.size === 0
    ? formatMoney(t, 0, "")
    : [...cost].map(([currency, amount]) => formatMoney(t, amount, currency)).join(" + ");

const buttons = (visit: Visit, { shown, standing }: CandidateView): Content => {
  const { t } = visit;
  const path = (action: string) => `/shadow/${encodeURIComponent(shown.flow)}/${action}`;
  const choice = standing?.choice ?? null;
  return html`<div class="actions">
    ${choice === "promoted" ? null : actionButton(visit, path("promote"), t("shadow.action.promote"))}
    ${choice === null ? actionButton(visit, path("drop"), t("shadow.action.drop"), "plain") : null}
    ${choice === null ? null : actionButton(visit, path("undo"), t("shadow.action.undo"), "plain")}
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

const sidesTable = (t: Translate, totals: ShadowTotals): Content => {
  const { both, onlyPresent, onlyCandidate } = totals;
  const rows: readonly Side[] = [
    { name: t("shadow.present"), found: add(both, onlyPresent), alone: onlyPresent, took: totals.present },
    {
      name: t("shadow.candidate"),
      found: add(both, onlyCandidate),
      alone: onlyCandidate,
      took: totals.candidate,
    },
  ];
  return table({
    caption: t("shadow.figures"),
    rows,
    empty: t("shadow.nothing"),
    columns: [
      { head: t("word.flow"), cell: ({ name }) => html`<strong>${name}</strong>` },
      { head: t("shadow.findings"), kind: "number", cell: ({ found }) => formatCount(t, countAll(found)) },
      { head: t("shadow.alone"), kind: "number", cell: ({ alone }) => formatCount(t, countAll(alone)) },
      ...SEVERITIES.map((severity) => ({
        head: t(`severity.${severity}`),
        kind: "number" as const,
        cell: ({ found }: Side) => formatCount(t, found[severity]),
      })),
      { head: t("word.cost"), kind: "number", cell: ({ took }) => money(t, took.cost) },
      { head: t("word.tokens"), kind: "number", cell: ({ took }) => formatCount(t, took.tokens) },
      { head: t("shadow.time"), kind: "number", cell: ({ took }) => formatDuration(t, took.elapsedMs) },
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

const shadowTable = (t: Translate, rows: readonly ShadowRun[]): Content => {
  const count = (of: "both" | "onlyPresent" | "onlyCandidate") => (row: ShadowRun) =>
    row.figures === null ? "–" : formatCount(t, countAll(row.figures[of]));
  const cost = (of: "present" | "candidate") => (row: ShadowRun) =>
    row.figures === null
      ? "–"
      : formatMoney(t, row.figures[of].usage.totalPrice, row.figures[of].usage.currency);
  return table({
    caption: t("shadow.comparisons"),
    rows,
    empty: t("shadow.nothing"),
    columns: [
      {
        head: t("word.merge-request"),
        kind: "long",
        cell: ({ id, projectPath, iid }) =>
          html`<a href="${BASE}/shadow/runs/${id}">${mergeRequestName(projectPath, iid)}</a>`,
      },
      {
        head: t("word.state"),
        kind: "long",
        cell: ({ state, reason }) =>
          html`<span class="badge ${BADGES[state]}">${t(`shadow.state.${state}`)}</span>${
              reason === null ? null : html`<span class="under">${reasonText(t, reason)}</span>`
            }`,
      },
      { head: t("shadow.both"), kind: "number", cell: count("both") },
      { head: t("shadow.only-present"), kind: "number", cell: count("onlyPresent") },
      { head: t("shadow.only-candidate"), kind: "number", cell: count("onlyCandidate") },
      {
        head: t("word.cost"),
        kind: "long",
        cell: (row) => [
          html`<span class="under">${t("shadow.present")}: ${cost("present")(row)}</span>`,
          html`<span class="under">${t("shadow.candidate")}: ${cost("candidate")(row)}</span>`,
        ],
      },
      { head: t("word.finished"), cell: ({ finishedAtMs }) => formatTime(t, finishedAtMs) },
    ],
  });
};

/** Every candidate beside its flow, with what can be decided about it. */
export const shadowPage = (
  visit: Visit,
  views: readonly CandidateView[],
  left: readonly CandidateStanding[],
): Content => {
  const { t } = visit;
  return [
    html`<p class="hint">${t("shadow.note")}</p>`,
    goneNotes(t, left),
    views.length === 0 ? html`<p class="empty">${t("shadow.none")}</p>` : null,
    views.map((view) => {
      const { shown, standing, totals, shadows } = view;
      return html`<section>
        <h2>${shown.flow} <span class="soft">${shown.candidate}</span></h2>
        ${facts([
          [t("shadow.standing"), standingOf(t, standing)],
          [t("shadow.present"), html`<code>${shown.presentSource}</code>`],
          [t("shadow.candidate"), html`<code>${shown.candidateSource}</code>`],
          [t("shadow.share"), formatShare(t, shown.share)],
        ])}
        ${buttons(visit, view)}
        <p class="hint">${t("shadow.action-notes")}</p>
        ${facts(
          [
            [t("shadow.merge-requests"), formatCount(t, totals.mergeRequests)],
            [t("shadow.compared-runs"), formatCount(t, totals.compared)],
            [t("shadow.both"), formatCount(t, countAll(totals.both))],
            [t("shadow.waiting"), formatCount(t, totals.waiting)],
            [t("shadow.failed"), formatCount(t, totals.failed)],
            [t("shadow.not-made"), formatCount(t, totals.skipped)],
          ],
          "compact",
        )}
        ${sidesTable(t, totals)}
        <h3>${t("shadow.comparisons")}</h3>
        ${shadowTable(t, shadows)}
      </section>`;
    }),
  ];
};
