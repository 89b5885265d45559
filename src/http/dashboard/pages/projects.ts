import type { Translate } from "../../../messages/format-message.ts";
import type { ProjectView } from "../../../store/views/views.ts";
import { formatCount, formatTime } from "../markup/format.ts";
import { withQuery } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { type Column, table } from "../markup/table.ts";
import { type BudgetToday, budgetColumn, totalBudget } from "./budget-cell.ts";
import { decisionBadge } from "./deliveries.ts";
import { BASE } from "../visit.ts";

/** The projects that have sent something, with the flow that reviews them. */
export const projectsPage = (
  t: Translate,
  projects: readonly ProjectView[],
  flowOf: (path: string) => string | null,
  hasLessons = false,
  today: BudgetToday | null = null,
): Content => {
  const count = (of: (project: ProjectView) => number) => (project: ProjectView) =>
    formatCount(t, of(project));
  const body = table({
    caption: t("page.projects"),
    rows: projects,
    empty: t("list.nothing"),
    columns: [
      {
        head: t("word.project"),
        kind: "long",
        cell: ({ id, path }) => html`<a href="${BASE}/projects/${id}">${path}</a>`,
      },
      {
        head: t("word.flow"),
        kind: "long",
        cell: ({ path }) => flowOf(path) ?? html`<span class="soft">${t("projects.flow-none")}</span>`,
      },
      {
        head: t("word.runs"),
        kind: "number",
        cell: ({ path, runs }) =>
          html`<a href="${withQuery("/runs", { project: path })}">${formatCount(t, runs)}</a>`,
      },
      { head: t("word.waiting"), kind: "number", cell: count(({ waiting }) => waiting) },
      { head: t("word.reviewed"), kind: "number", cell: count(({ reviewed }) => reviewed) },
      { head: t("word.failed"), kind: "number", cell: count(({ failed }) => failed) },
      ...(today === null ? [] : [budgetColumn(t, today)]),
      ...(hasLessons ? [lessonsColumn(t)] : []),
      {
        head: t("word.last"),
        cell: ({ lastDelivery: { id, decision, atMs } }) =>
          html`<a href="${BASE}/deliveries/${id}">${formatTime(t, atMs)}</a> ${decisionBadge(t, decision)}`,
      },
    ],
  });
  return today === null ? body : html`${totalBudget(t, today)}${body}`;
};

const lessonsColumn = (t: Translate): Column<ProjectView> => ({
  head: t("lessons.title"),
  cell: ({ id }) => html`<a href="${BASE}/lessons/${id}">${t("lessons.open")}</a>`,
});
