import { matchFindings, type MatchedPair } from "../../../review/shadow/match-findings.ts";
import type { ShadowFinding } from "../../../review/shadow/shadow-finding.ts";
import type { ShadowReport, ShadowSide } from "../../../review/shadow/shadow-report.ts";
import type { ShadowRun } from "../../../store/shadows/shadow-store.ts";
import { formatCount, formatDuration, formatMoney } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { runLink } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { Texts } from "../texts/english.ts";
import { shadowTexts } from "../texts/shadow-texts.ts";

const placeOf = ({ path, line, endLine }: ShadowFinding): string =>
  line === null ? path : `${path}:${line}${endLine === null || endLine === line ? "" : `-${endLine}`}`;

const findingCell = (texts: Texts, found: ShadowFinding): Content =>
  html`<span class="badge ${found.severity}">${texts.severities[found.severity]}</span>
    <details class="finding">
      <summary>${found.title}</summary>
      <p class="written">${found.body}</p>
    </details>`;

const aloneTable = (texts: Texts, caption: string, rows: readonly ShadowFinding[]): Content =>
  section(
    caption,
    table({
      caption,
      rows,
      empty: texts.none,
      columns: [
        { head: texts.words.file, kind: "long", cell: (found) => html`<code>${placeOf(found)}</code>` },
        { head: texts.words.finding, kind: "long", cell: (found) => findingCell(texts, found) },
      ],
    }),
  );

const bothTable = (texts: Texts, rows: readonly MatchedPair[]): Content => {
  const words = shadowTexts(texts);
  return section(
    words.both,
    table({
      caption: words.both,
      rows,
      empty: texts.none,
      columns: [
        {
          head: texts.words.file,
          kind: "long",
          cell: ({ present }) => html`<code>${placeOf(present)}</code>`,
        },
        { head: words.present, kind: "long", cell: ({ present }) => findingCell(texts, present) },
        { head: words.candidate, kind: "long", cell: ({ candidate }) => findingCell(texts, candidate) },
      ],
    }),
  );
};

const textTable = (texts: Texts, { present, candidate }: ShadowReport): Content => {
  const words = shadowTexts(texts);
  const written = ({ text }: ShadowSide): Content => html`<p class="written">${text ?? words.noText}</p>`;
  return table({
    caption: words.comparisons,
    rows: [{ present, candidate }],
    empty: words.nothing,
    columns: [
      { head: words.present, kind: "long", cell: (row) => written(row.present) },
      { head: words.candidate, kind: "long", cell: (row) => written(row.candidate) },
    ],
  });
};

const sides = (texts: Texts, { present, candidate }: ShadowReport): Content => {
  const words = shadowTexts(texts);
  return section(
    words.figures,
    table({
      caption: words.figures,
      rows: [
        { name: words.present, side: present },
        { name: words.candidate, side: candidate },
      ],
      empty: words.nothing,
      columns: [
        { head: texts.words.flow, cell: ({ name }) => html`<strong>${name}</strong>` },
        {
          head: texts.words.cost,
          kind: "number",
          cell: ({ side: { usage } }) => formatMoney(texts, usage.totalPrice, usage.currency),
        },
        {
          head: texts.words.tokens,
          kind: "number",
          cell: ({ side }) => formatCount(texts, side.usage.totalTokens),
        },
        { head: words.time, kind: "number", cell: ({ side }) => formatDuration(side.elapsedMs) },
        { head: texts.run.remarks, kind: "long", cell: ({ side }) => side.remarks.join(" ") || "–" },
      ],
    }),
  );
};

/** One merge request's findings, or texts, side by side. */
export const shadowRunPage = (
  texts: Texts,
  { shadow, report }: { readonly shadow: ShadowRun; readonly report: ShadowReport | null },
): Content => {
  const words = shadowTexts(texts);
  const matched = report === null ? null : matchFindings(report.present.findings, report.candidate.findings);
  const hasText = report !== null && (report.present.text !== null || report.candidate.text !== null);
  return [
    facts([
      [texts.words.flow, shadow.flow],
      [words.candidate, shadow.candidate],
      [texts.words.run, runLink(shadow.runId)],
      [texts.words.head, html`<code>${shadow.headSha ?? "–"}</code>`],
      [texts.words.state, words.states[shadow.state]],
      ...(shadow.reason === null ? [] : [[texts.words.reason, shadow.reason] as const]),
    ]),
    report === null || matched === null
      ? html`<p class="empty">${words.nothing}</p>`
      : [
          sides(texts, report),
          hasText
            ? textTable(texts, report)
            : [
                bothTable(texts, matched.both),
                aloneTable(texts, words.onlyPresent, matched.onlyPresent),
                aloneTable(texts, words.onlyCandidate, matched.onlyCandidate),
              ],
        ],
  ];
};
