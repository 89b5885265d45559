import type { Translate } from "../../../messages/format-message.ts";
import type { Budget, Budgets, Spent } from "../../../review/budgets/find-used-up.ts";
import { NOTHING_SPENT, budgetOf } from "../../../review/budgets/find-used-up.ts";
import type { ProjectSpent } from "../../../store/spending/create-spending.ts";
import type { ProjectView } from "../../../store/views/views.ts";
import { formatCount, formatMoney } from "../markup/format.ts";
import { html, type Content } from "../markup/markup.ts";
import type { Column } from "../markup/table.ts";

/** The budgets and what was used of them since the day began. */
export type BudgetToday = {
  readonly budgets: Budgets;
  readonly spent: readonly ProjectSpent[];
  /** In which the models' prices are configured; empty where none is, or several are. */
  readonly currency: string;
};

const UNLIMITED: Budget = { tokens: null, cost: null, runs: null };
const KINDS = ["runs", "tokens", "cost"] as const;

/** What a project used today, of what it may. */
export const budgetColumn = (t: Translate, today: BudgetToday): Column<ProjectView> => ({
  head: t("budgets.today"),
  cell: (project) => projectBudget(t, today, project),
});

/** As `budgetColumn`, for one project. */
export const projectBudget = (
  t: Translate,
  { budgets, spent, currency }: BudgetToday,
  { id, path }: Pick<ProjectView, "id" | "path">,
): Content =>
  describeUse(
    t,
    spent.find(({ projectId }) => projectId === id) ?? NOTHING_SPENT,
    budgetOf(budgets, path)?.budget ?? UNLIMITED,
    currency,
  );

/** What all projects used today, of what they may together. */
export const totalBudget = (t: Translate, { budgets, spent, currency }: BudgetToday): Content => {
  const sum = (kind: keyof Spent): number => spent.reduce((total, project) => total + project[kind], 0);
  const all = { tokens: sum("tokens"), cost: sum("cost"), runs: sum("runs") };
  return html`<p class="hint">${t("budgets.all")}: ${describeUse(t, all, budgets.total, currency)}</p>`;
};

const describeUse = (t: Translate, used: Spent, budget: Budget, currency: string): Content => {
  const told = KINDS.filter((kind) => used[kind] > 0 || budget[kind] !== null);
  if (told.length === 0) return html`<span class="soft">–</span>`;
  return told.map((kind, index) => {
    const limit = budget[kind];
    const write = (value: number, unit: string): string =>
      kind === "cost" ? formatMoney(t, value, unit) : formatCount(t, value);
    const amount =
      limit === null ? write(used[kind], currency) : `${write(used[kind], "")} / ${write(limit, currency)}`;
    const text = `${index === 0 ? "" : " · "}${t(`budgets.${kind}`, { amount })}`;
    const isUsedUp = limit !== null && used[kind] >= limit;
    return isUsedUp ? html`${text} <span class="badge failed">${t("budgets.used-up")}</span>` : text;
  });
};
