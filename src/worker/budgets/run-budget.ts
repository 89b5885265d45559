import { messageOfReason, reasonOf } from "../../base/reason.ts";
import { z } from "zod";
import { BudgetError } from "../../base/errors.ts";
import { budgetDay } from "../../review/budgets/budget-day.ts";
import { findUsedUp } from "../../review/budgets/find-used-up.ts";
import type { Claim } from "../../store/store.ts";
import { BUDGET_USED_UP, type BudgetDesk, openBudget, type RunBudget } from "./budget-desk.ts";
import { ReviewPutOff } from "./review-put-off.ts";

const COUNTED = "budget-day";
const Counted = z.string();

/**
 * The budget of one claimed run. What calls that are under way will use is not known before, so that they
 * may go beyond a limit; no further one begins.
 */
export const openRunBudget = (
  { run, journal }: Pick<Claim, "run" | "journal">,
  desk: BudgetDesk,
): RunBudget => {
  const { spending, clock, timeZone } = desk;
  const project = { id: run.projectId, path: run.projectPath };
  const ask = async (): Promise<void> => {
    const day = budgetDay(clock.now(), timeZone);
    const isCounted = Counted.safeParse(await journal.read(COUNTED)).data === day.name;
    const spent = await spending.readSpent(day.name, run.projectId);
    const usedUp = findUsedUp(desk.budgets, run.projectPath, spent, isCounted);
    if (usedUp !== null) throw putOff(usedUp.setting, usedUp, day.endsAtMs);
    if (isCounted) return;
    await spending.spend(day.name, project, { tokens: 0, cost: 0, runs: 1 });
    await journal.write(COUNTED, day.name);
  };
  const putOff = (
    setting: string,
    { limit, used }: { readonly limit: number; readonly used: number },
    endsAtMs: number,
  ): BudgetError => {
    const isReview = run.kind === "review";
    desk.logger.info({ runId: run.id, setting, limit, used }, "A budget is used up");
    if (isReview) desk.onPutOff?.();
    const reason = reasonOf("budget-used-up", { setting, limit, until: endsAtMs });
    const message = messageOfReason(reason);
    const details = {
      code: BUDGET_USED_UP,
      reason,
      retryable: isReview,
      untried: isReview,
      retryAfterMs: Math.max(0, endsAtMs - clock.now()),
    };
    return isReview
      ? new ReviewPutOff(message, { setting, limit, untilMs: endsAtMs, timeZone: desk.timeZone }, details)
      : new BudgetError(message, details);
  };
  return openBudget(ask, run, desk);
};
