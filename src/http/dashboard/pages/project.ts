import { orderRules } from "../../../review/rules/order-rules.ts";
import type { Delivery, Run } from "../../../store/store.ts";
import type { ProjectFacts } from "../../../store/views/views.ts";
import type { ProjectRules } from "../dashboard-options.ts";
import { formatCount } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import { withQuery } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { Texts } from "../texts/english.ts";
import { projectTexts } from "../texts/project-texts.ts";
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
export const projectPage = (texts: Texts, columns: RunColumns, shown: ShownProject): Content => {
  const { words } = texts;
  const { project, deliveries, runs, today, hasLessons } = shown;
  const of = { project: project.path };
  const count = (path: string, value: number): Content =>
    html`<a href="${withQuery(path, of)}">${formatCount(texts, value)}</a>`;
  const list = (path: string): Content => html`<p><a href="${withQuery(path, of)}">${texts.all}</a></p>`;
  return [
    section(
      texts.run.facts,
      facts([
        [words.flow, shown.flow ?? html`<span class="soft">${texts.projects.flowNone}</span>`],
        [words.deliveries, count("/deliveries", project.deliveries)],
        [words.runs, count("/runs", project.runs)],
        [words.waiting, formatCount(texts, project.waiting)],
        [words.reviewed, formatCount(texts, project.reviewed)],
        [words.failed, formatCount(texts, project.failed)],
        ...(today === null ? [] : [[texts.budgets.today, projectBudget(texts, today, project)] as const]),
        [texts.pages.findings, html`<a href="${withQuery("/findings", of)}">${texts.lessons.open}</a>`],
        ...(hasLessons
          ? [
              [
                texts.lessons.title,
                html`<a href="${BASE}/lessons/${project.id}">${texts.lessons.open}</a>`,
              ] as const,
            ]
          : []),
        [words.id, html`<code>${project.id}</code>`],
      ]),
    ),
    unaskedHooks(texts, project.id),
    section(
      texts.pages.deliveries,
      [deliveryTable(texts, deliveries, texts.nothing), list("/deliveries")],
      "deliveries",
    ),
    section(
      texts.pages.runs,
      [runTable(texts, columns, texts.pages.runs, runs, texts.none), list("/runs")],
      "runs",
    ),
    section(projectTexts(texts).rules, rulesPart(texts, shown)),
  ];
};

const rulesPart = (texts: Texts, { rules, project }: ShownProject): Content => {
  const own = projectTexts(texts);
  if (rules === null) return html`<p class="empty">${own.noFlow}</p>`;
  if (rules.kind === "not-findings")
    return html`<p class="empty">${own.notFindings(rules.flow, rules.contract)}</p>`;
  return [
    html`<p class="hint">${own.rulesNote}</p>`,
    table({
      caption: own.rules,
      rows: orderRules(rules.sources).rules,
      empty: own.noRules,
      columns: [
        { head: own.origin, cell: ({ origin }) => own.origins[origin] },
        { head: own.rule, kind: "long", cell: ({ title }) => title },
        { head: own.files, kind: "long", cell: ({ paths }) => paths?.join(", ") ?? own.allFiles },
        { head: own.source, kind: "long", cell: ({ source }) => source },
      ],
    }),
    html`<p class="hint">${own.repository[rules.readsRepository ? "read" : "unread"]}</p>`,
    rules.readsRepository ? command(`reviewflow rules ${project.path} src/a.ts`) : null,
  ];
};
