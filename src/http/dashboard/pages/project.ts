import type { Translate } from "../../../messages/format-message.ts";
import { orderRules } from "../../../review/rules/order-rules.ts";
import type { Delivery, Run } from "../../../store/store.ts";
import type { ProjectFacts } from "../../../store/views/views.ts";
import type { ProjectRules } from "../dashboard-options.ts";
import { formatCount } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { withQuery } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import { BASE } from "../visit.ts";
import { type BudgetToday, projectBudget } from "./budget-cell.ts";
import { deliveryTable } from "./deliveries.ts";
import { command, unaskedHooks } from "./project-hooks.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** What the page about a project shows. */
export type ShownProject = {
  readonly project: ProjectFacts;
  readonly flow: string | null;
  readonly deliveries: readonly Delivery[];
  readonly runs: readonly Run[];
  readonly today: BudgetToday | null;
  readonly hasLessons: boolean;
  readonly rules: ProjectRules | null;
};

/** One project: what came of it, a place for how its hooks are, and which rules hold there. */
export const projectPage = (t: Translate, columns: RunColumns, shown: ShownProject): Content => {
  const { project, deliveries, runs, today, hasLessons } = shown;
  const of = { project: project.path };
  const count = (path: string, value: number): Content =>
    html`<a href="${withQuery(path, of)}">${formatCount(t, value)}</a>`;
  const list = (path: string): Content => html`<p><a href="${withQuery(path, of)}">${t("list.all")}</a></p>`;
  return [
    section(
      t("run.facts"),
      facts([
        [t("word.flow"), shown.flow ?? html`<span class="soft">${t("projects.flow-none")}</span>`],
        [t("word.deliveries"), count("/deliveries", project.deliveries)],
        [t("word.runs"), count("/runs", project.runs)],
        [t("word.waiting"), formatCount(t, project.waiting)],
        [t("word.reviewed"), formatCount(t, project.reviewed)],
        [t("word.failed"), formatCount(t, project.failed)],
        ...(today === null ? [] : [[t("budgets.today"), projectBudget(t, today, project)] as const]),
        [t("page.findings"), html`<a href="${withQuery("/findings", of)}">${t("lessons.open")}</a>`],
        ...(hasLessons
          ? [
              [
                t("lessons.title"),
                html`<a href="${BASE}/lessons/${project.id}">${t("lessons.open")}</a>`,
              ] as const,
            ]
          : []),
        [t("word.id"), html`<code>${project.id}</code>`],
      ]),
    ),
    unaskedHooks(t, project.id),
    section(
      t("page.deliveries"),
      [deliveryTable(t, deliveries, t("list.nothing")), list("/deliveries")],
      "deliveries",
    ),
    section(
      t("page.runs"),
      [runTable(t, columns, t("page.runs"), runs, t("list.none")), list("/runs")],
      "runs",
    ),
    section(t("project.rules"), rulesPart(t, shown)),
  ];
};

const rulesPart = (t: Translate, { rules, project }: ShownProject): Content => {
  if (rules === null) return html`<p class="empty">${t("project.no-flow")}</p>`;
  if (rules.kind === "not-findings")
    return html`<p class="empty">
      ${t("project.not-findings", { flow: rules.flow, contract: rules.contract })}
    </p>`;
  return [
    html`<p class="hint">${t("project.rules-note")}</p>`,
    table({
      caption: t("project.rules"),
      rows: orderRules(rules.sources).rules,
      empty: t("project.no-rules"),
      columns: [
        { head: t("project.origin"), cell: ({ origin }) => t(`project.origin.${origin}`) },
        { head: t("project.rule"), kind: "long", cell: ({ title }) => title },
        {
          head: t("project.files"),
          kind: "long",
          cell: ({ paths }) => paths?.join(", ") ?? t("project.all-files"),
        },
        { head: t("project.source"), kind: "long", cell: ({ source }) => source },
      ],
    }),
    html`<p class="hint">
      ${rules.readsRepository ? t("project.repository.read") : t("project.repository.unread")}
    </p>`,
    rules.readsRepository ? command(`reviewflow rules ${project.path} src/a.ts`) : null,
  ];
};
