import type { ProjectView } from "../../../store/views/views.ts";
import { formatCount, formatTime } from "../markup/format.ts";
import { withQuery } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { type Column, table } from "../markup/table.ts";
import { type BudgetToday, budgetColumn, totalBudget } from "./budget-cell.ts";
import { decisionBadge } from "./deliveries.ts";
import type { Texts } from "../texts/english.ts";
import { BASE } from "../visit.ts";

/** The projects that have sent something, with the flow that reviews them. */
export const projectsPage = (
  texts: Texts,
  projects: readonly ProjectView[],
  flowOf: (path: string) => string | null,
  hasLessons = false,
  today: BudgetToday | null = null,
): Content => {
  const { words } = texts;
  const count = (of: (project: ProjectView) => number) => (project: ProjectView) =>
    formatCount(texts, of(project));
  const body = table({
    caption: texts.pages.projects,
    rows: projects,
    empty: texts.nothing,
    columns: [
      {
        head: words.project,
        kind: "long",
        cell: ({ id, path }) => html`<a href="${BASE}/projects/${id}">${path}</a>`,
      },
      {
        head: words.flow,
        kind: "long",
        cell: ({ path }) => flowOf(path) ?? html`<span class="soft">${texts.projects.flowNone}</span>`,
      },
      {
        head: words.runs,
        kind: "number",
        cell: ({ path, runs }) =>
          html`<a href="${withQuery("/runs", { project: path })}">${formatCount(texts, runs)}</a>`,
      },
      { head: words.waiting, kind: "number", cell: count(({ waiting }) => waiting) },
      { head: words.reviewed, kind: "number", cell: count(({ reviewed }) => reviewed) },
      { head: words.failed, kind: "number", cell: count(({ failed }) => failed) },
      ...(today === null ? [] : [budgetColumn(texts, today)]),
      ...(hasLessons ? [lessonsColumn(texts)] : []),
      {
        head: words.last,
        cell: ({ lastDelivery: { id, decision, atMs } }) =>
          html`<a href="${BASE}/deliveries/${id}">${formatTime(texts, atMs)}</a>
            ${decisionBadge(texts, decision)}`,
      },
    ],
  });
  return today === null ? body : html`${totalBudget(texts, today)}${body}`;
};

const lessonsColumn = (texts: Texts): Column<ProjectView> => ({
  head: texts.lessons.title,
  cell: ({ id }) => html`<a href="${BASE}/lessons/${id}">${texts.lessons.open}</a>`,
});
