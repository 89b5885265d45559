import { message } from "../../messages/message.ts";
import { reasonOf } from "../../base/reason.ts";
import { BudgetError } from "../../base/errors.ts";
import { budgetDay } from "../../review/budgets/budget-day.ts";
import { type Budget, type Budgets, findUsedUp } from "../../review/budgets/find-used-up.ts";
import type { Run } from "../../store/store.ts";
import { BUDGET_USED_UP, type BudgetDesk, openBudget, type RunBudget } from "./budget-desk.ts";

/** The part of a day's tokens and costs that candidates may use up; the rest is left to reviews. */
const SHARE_OF_CANDIDATES = 0.8;

/**
 * The budget of a candidate that reviews what `run` reviewed: its tokens and costs count like those of
 * reviews, and it stops at four fifths of a limit, so that it keeps no review from being made. It is none of
 * the day's runs, which are what teams see. Whatever is put off is put off untried.
 */
export const openCandidateBudget = (
  run: Pick<Run, "projectId" | "projectPath">,
  desk: BudgetDesk,
): RunBudget => {
  const { spending, clock, timeZone } = desk;
  const budgets = leaveToReviews(desk.budgets);
  const ask = async (): Promise<void> => {
    const day = budgetDay(clock.now(), timeZone);
    const usedUp = findUsedUp(
      budgets,
      run.projectPath,
      await spending.readSpent(day.name, run.projectId),
      true,
    );
    if (usedUp === null) return;
    const { setting, limit } = usedUp;
    const reached = { setting, limit, until: day.endsAtMs };
    throw new BudgetError(message("budget.candidates-used-up", reached), {
      code: BUDGET_USED_UP,
      reason: reasonOf("budget-used-up", reached),
      retryable: true,
      untried: true,
      retryAfterMs: Math.max(0, day.endsAtMs - clock.now()),
    });
  };
  return openBudget(ask, run, desk);
};

const leaveToReviews = ({ total, projects }: Budgets): Budgets => {
  const part = (limit: number | null): number | null => (limit === null ? null : limit * SHARE_OF_CANDIDATES);
  const less = <Given extends Budget>(one: Given): Given => ({
    ...one,
    tokens: part(one.tokens),
    cost: part(one.cost),
  });
  return { total: less(total), projects: projects.map(less) };
};
