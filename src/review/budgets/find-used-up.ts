import { isProjectAllowed } from "../../base/project-globs.ts";

/** What may be used in a day; null for no limit. Costs are in the currency of the models' prices. */
export type Budget = {
  readonly tokens: number | null;
  readonly cost: number | null;
  readonly runs: number | null;
};

/** The budgets of a server. */
export type Budgets = {
  /** Of all projects together. */
  readonly total: Budget;
  /** The first whose globs match a project is its budget; every project has it for itself. */
  readonly projects: readonly (Budget & { readonly match: readonly string[] })[];
};

/** What was used in a day. */
export type Spent = { readonly tokens: number; readonly cost: number; readonly runs: number };

/** Nothing used. */
export const NOTHING_SPENT: Spent = { tokens: 0, cost: 0, runs: 0 };

/** A limit that is reached. */
export type UsedUp = {
  /** The setting to change, such as `budgets.projects[0].runs`. */
  readonly setting: string;
  readonly limit: number;
  readonly used: number;
};

/** The budget of a project and its setting; null where it has none of its own. */
export const budgetOf = (
  { projects }: Budgets,
  projectPath: string,
): { readonly setting: string; readonly budget: Budget } | null => {
  const index = projects.findIndex(({ match }) => isProjectAllowed(match, projectPath));
  const budget = projects[index];
  return budget === undefined ? null : { setting: `budgets.projects[${index}]`, budget };
};

/**
 * The limit that keeps a project from using more today, the project's own first; null when there is none.
 * `isCounted`: the run is among today's runs already, so that their number does not keep it from going on.
 */
export const findUsedUp = (
  budgets: Budgets,
  projectPath: string,
  spent: { readonly total: Spent; readonly project: Spent },
  isCounted: boolean,
): UsedUp | null => {
  const own = budgetOf(budgets, projectPath);
  return (
    (own === null ? null : reached(own.setting, own.budget, spent.project, isCounted)) ??
    reached("budgets.total", budgets.total, spent.total, isCounted)
  );
};

const reached = (setting: string, budget: Budget, spent: Spent, isCounted: boolean): UsedUp | null => {
  for (const kind of ["runs", "tokens", "cost"] as const) {
    const limit = budget[kind];
    if (limit === null || (kind === "runs" && isCounted)) continue;
    if (spent[kind] >= limit) return { setting: `${setting}.${kind}`, limit, used: spent[kind] };
  }
  return null;
};
