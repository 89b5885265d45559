import { reasonText } from "../markup/reason-text.ts";
import type { Translate } from "../../../messages/format-message.ts";
import { matchFindings, type MatchedPair } from "../../../review/shadow/match-findings.ts";
import type { ShadowFinding } from "../../../review/shadow/shadow-finding.ts";
import type { ShadowReport, ShadowSide } from "../../../review/shadow/shadow-report.ts";
import type { ShadowRun } from "../../../store/shadows/shadow-store.ts";
import { formatCount, formatDuration, formatMoney } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { runLink } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";

const placeOf = ({ path, line, endLine }: ShadowFinding): string =>
  line === null ? path : `${path}:${line}${endLine === null || endLine === line ? "" : `-${endLine}`}`;

const findingCell = (t: Translate, found: ShadowFinding): Content =>
  html`<span class="badge ${found.severity}">${t(`severity.${found.severity}`)}</span>
    <details class="finding">
      <summary>${found.title}</summary>
      <p class="written">${found.body}</p>
    </details>`;

const aloneTable = (t: Translate, caption: string, rows: readonly ShadowFinding[]): Content =>
  section(
    caption,
    table({
      caption,
      rows,
      empty: t("list.none"),
      columns: [
        { head: t("word.file"), kind: "long", cell: (found) => html`<code>${placeOf(found)}</code>` },
        { head: t("word.finding"), kind: "long", cell: (found) => findingCell(t, found) },
      ],
    }),
  );

const bothTable = (t: Translate, rows: readonly MatchedPair[]): Content => {
  return section(
    t("shadow.both"),
    table({
      caption: t("shadow.both"),
      rows,
      empty: t("list.none"),
      columns: [
        {
          head: t("word.file"),
          kind: "long",
          cell: ({ present }) => html`<code>${placeOf(present)}</code>`,
        },
        { head: t("shadow.present"), kind: "long", cell: ({ present }) => findingCell(t, present) },
        { head: t("shadow.candidate"), kind: "long", cell: ({ candidate }) => findingCell(t, candidate) },
      ],
    }),
  );
};

const textTable = (t: Translate, { present, candidate }: ShadowReport): Content => {
  const written = ({ text }: ShadowSide): Content =>
    html`<p class="written">${text ?? t("shadow.no-text")}</p>`;
  return table({
    caption: t("shadow.comparisons"),
    rows: [{ present, candidate }],
    empty: t("shadow.nothing"),
    columns: [
      { head: t("shadow.present"), kind: "long", cell: (row) => written(row.present) },
      { head: t("shadow.candidate"), kind: "long", cell: (row) => written(row.candidate) },
    ],
  });
};

const sides = (t: Translate, { present, candidate }: ShadowReport): Content => {
  return section(
    t("shadow.figures"),
    table({
      caption: t("shadow.figures"),
      rows: [
        { name: t("shadow.present"), side: present },
        { name: t("shadow.candidate"), side: candidate },
      ],
      empty: t("shadow.nothing"),
      columns: [
        { head: t("word.flow"), cell: ({ name }) => html`<strong>${name}</strong>` },
        {
          head: t("word.cost"),
          kind: "number",
          cell: ({ side: { usage } }) => formatMoney(t, usage.totalPrice, usage.currency),
        },
        {
          head: t("word.tokens"),
          kind: "number",
          cell: ({ side }) => formatCount(t, side.usage.totalTokens),
        },
        { head: t("shadow.time"), kind: "number", cell: ({ side }) => formatDuration(t, side.elapsedMs) },
        {
          head: t("run.remarks"),
          kind: "long",
          cell: ({ side }) =>
            side.remarks.length === 0 ? "–" : side.remarks.map((remark) => reasonText(t, remark)),
        },
      ],
    }),
  );
};

/** One merge request's findings, or t, side by side. */
export const shadowRunPage = (
  t: Translate,
  { shadow, report }: { readonly shadow: ShadowRun; readonly report: ShadowReport | null },
): Content => {
  const matched = report === null ? null : matchFindings(report.present.findings, report.candidate.findings);
  const hasText = report !== null && (report.present.text !== null || report.candidate.text !== null);
  return [
    facts([
      [t("word.flow"), shadow.flow],
      [t("shadow.candidate"), shadow.candidate],
      [t("word.run"), runLink(shadow.runId)],
      [t("word.head"), html`<code>${shadow.headSha ?? "–"}</code>`],
      [t("word.state"), t(`shadow.state.${shadow.state}`)],
      ...(shadow.reason === null ? [] : [[t("word.reason"), reasonText(t, shadow.reason)] as const]),
    ]),
    report === null || matched === null
      ? html`<p class="empty">${t("shadow.nothing")}</p>`
      : [
          sides(t, report),
          hasText
            ? textTable(t, report)
            : [
                bothTable(t, matched.both),
                aloneTable(t, t("shadow.only-present"), matched.onlyPresent),
                aloneTable(t, t("shadow.only-candidate"), matched.onlyCandidate),
              ],
        ],
  ];
};
