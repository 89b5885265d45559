import type { Translate } from "../../../messages/format-message.ts";
import { SEVERITIES } from "../../../review/finding.ts";
import { ReviewResult } from "../../../review/review-result.ts";
import type { Run } from "../../../store/store.ts";
import type { Slice } from "../../../store/views/views.ts";
import { formatCount, formatShare, formatTime } from "../markup/format.ts";
import { mergeRequestOf, pager, runLink } from "../markup/links.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import { filterForm } from "./filter-form.ts";

type Finding = ReviewResult["findings"][number];

/** What a run by findings has left behind; null for other runs. */
export const readReview = (run: Run): ReviewResult | null => {
  const parsed = ReviewResult.safeParse(run.result);
  return parsed.success ? parsed.data : null;
};

/** Where a finding is, as people write it. */
const placeOf = ({ path, line, endLine }: Finding): string =>
  line === null ? path : `${path}:${line}${endLine === null || endLine === line ? "" : `-${endLine}`}`;

/** The gravest first; those of one severity stay in their order. */
const byWeight = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity));

/** Findings with what became of them, the gravest first. */
export const findingTable = (t: Translate, caption: string, findings: readonly Finding[]): Markup => {
  return table({
    caption,
    rows: byWeight(findings),
    empty: t("findings.without"),
    columns: [
      {
        head: t("word.severity"),
        cell: ({ severity }) => html`<span class="badge ${severity}">${t(`severity.${severity}`)}</span>`,
      },
      {
        head: t("word.finding"),
        kind: "long",
        cell: (finding) =>
          html`<details class="finding">
            <summary>${finding.title}</summary>
            <p class="written">${finding.body}</p>
          </details>`,
      },
      { head: t("word.file"), kind: "long", cell: (finding) => html`<code>${placeOf(finding)}</code>` },
      { head: t("word.category"), cell: ({ category }) => t(`category.${category}`) },
      { head: t("word.confidence"), kind: "number", cell: ({ confidence }) => formatShare(t, confidence) },
      {
        head: t("word.state"),
        kind: "long",
        cell: ({ state, why }) =>
          html`${t(`finding-state.${state}`)}${why === null ? null : html`<span class="under">${t(`summary.only.${why}`)}</span>`}`,
      },
    ],
  });
};

/** How many findings of a run the overview lists. */
const SHOWN = 10;

/** The newest findings, by merge request. */
export const findingsPage = (
  t: Translate,
  gitlabUrl: string,
  { before, project }: { readonly before: string | null; readonly project: string | null },
  slice: Slice<Run>,
): Content => [
  html`<p class="hint">${t("findings.note")}</p>`,
  filterForm(t, "/findings", [{ name: "project", label: t("word.project"), value: project }]),
  slice.rows.length === 0
    ? html`<p class="empty">${project === null ? t("list.nothing") : t("list.no-match")}</p>`
    : slice.rows.map((run) => reviewSection(t, gitlabUrl, run)),
  pager(t, "/findings", { project }, { ...slice, before }),
];

const reviewSection = (t: Translate, gitlabUrl: string, run: Run): Content => {
  const review = readReview(run);
  if (review === null) return null;
  const { link, title } = mergeRequestOf(run, gitlabUrl);
  const hidden = review.findings.length - SHOWN;
  const { counts } = review;
  return html`<section>
    <h2>${link} <span class="soft">${title}</span></h2>
    <p class="line">
      ${runLink(run.id)} · ${run.flow} · ${formatTime(t, run.finishedAtMs)} ·
      ${(["opened", "kept", "resolved", "folded"] as const).map(
        (name) => html`<span class="count">${t(`count.${name}`)}: ${formatCount(t, counts[name])}</span> `,
      )}
    </p>
    ${findingTable(t, title, byWeight(review.findings).slice(0, SHOWN))}
    ${hidden > 0 ? html`<p class="hint">${t("findings.more", { count: hidden })}</p>` : null}
  </section>`;
};
