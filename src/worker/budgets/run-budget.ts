import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { BudgetError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FlowUsage } from "../../flow/flow-event.ts";
import { budgetDay } from "../../review/budgets/budget-day.ts";
import { type Budgets, judgeBudget } from "../../review/budgets/judge-budget.ts";
import type { FlowRunner } from "../../review/flow-runner.ts";
import type { Spending } from "../../store/spending/create-spending.ts";
import type { Claim } from "../../store/store.ts";

/** The code of the failure with which a run is put off, or a note is not answered. */
export const BUDGET_USED_UP = "budget-used-up";

/** What budgets are kept with. */
export type BudgetDesk = {
  readonly budgets: Budgets;
  /** By its name in the IANA database; its calendar says when a day begins. */
  readonly timeZone: string;
  /** Whether a merge request whose review is put off is told so. */
  readonly tell: boolean;
  readonly spending: Pick<Spending, "spend" | "readSpent">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a run is put off; must not throw. */
  readonly onPutOff?: () => void;
};

/** Stands between a run and its flows. */
export type RunBudget = {
  /**
   * A runner that asks before each call whether the budgets allow it, and counts what the call used.
   * Throws a BudgetError `budget-used-up`: a review may be made on the next day, and its attempt does not
   * count; a note is not answered that late.
   */
  readonly guard: (runner: FlowRunner) => FlowRunner;
};

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
  /** Calls side by side must not count the run twice. */
  let asking: Promise<void> = Promise.resolve();
  const ask = async (): Promise<void> => {
    const day = budgetDay(clock.now(), timeZone);
    const isCounted = Counted.safeParse(await journal.read(COUNTED)).data === day.name;
    const spent = await spending.readSpent(day.name, run.projectId);
    const usedUp = judgeBudget(desk.budgets, run.projectPath, spent, isCounted);
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
    const next = new Date(endsAtMs).toISOString();
    return new BudgetError(
      `${setting} (${limit} a day) is used up; ${isReview ? "the review is made" : "notes are answered again"} from ${next} on, or once more is allowed`,
      {
        code: BUDGET_USED_UP,
        retryable: isReview,
        untried: isReview,
        retryAfterMs: Math.max(0, endsAtMs - clock.now()),
      },
    );
  };
  const spend = ({ totalTokens, totalPrice }: FlowUsage): Promise<void> =>
    spending.spend(budgetDay(clock.now(), timeZone).name, project, {
      tokens: totalTokens,
      cost: totalPrice,
      runs: 0,
    });
  return {
    guard: (runner) => ({
      describe: runner.describe,
      run: async (request) => {
        const mine = asking.then(ask);
        asking = mine.catch(() => undefined);
        await mine;
        const outcome = await runner.run(request);
        await spend(outcome.usage);
        return outcome;
      },
    }),
  };
};
