import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { FlowUsage } from "../../flow/flow-event.ts";
import { budgetDay } from "../../review/budgets/budget-day.ts";
import type { Budgets } from "../../review/budgets/find-used-up.ts";
import type { FlowRunner } from "../../review/flow-runner.ts";
import type { Spending } from "../../store/spending/create-spending.ts";
import type { Run } from "../../store/store.ts";

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
  /** Throws a BudgetError `budget-used-up` when the budgets allow no further call. */
  readonly ask: () => Promise<void>;
  /**
   * A runner that asks before each call whether the budgets allow it, and counts what the call used.
   * Throws a BudgetError `budget-used-up`: a review may be made on the next day, and its attempt does not
   * count; a note is not answered that late.
   */
  readonly guard: (runner: FlowRunner) => FlowRunner;
};

/** The budget that `ask` judges: asked before each call of the flows that review `run`, whose use is counted. */
export const openBudget = (
  ask: () => Promise<void>,
  run: Pick<Run, "projectId" | "projectPath">,
  { spending, clock, timeZone }: BudgetDesk,
): RunBudget => {
  /** Calls side by side must not count the run twice. */
  let asking: Promise<void> = Promise.resolve();
  const askInTurn = (): Promise<void> => {
    const mine = asking.then(ask);
    asking = mine.catch(() => undefined);
    return mine;
  };
  const spend = ({ totalTokens, totalPrice }: FlowUsage): Promise<void> =>
    spending.spend(
      budgetDay(clock.now(), timeZone).name,
      { id: run.projectId, path: run.projectPath },
      // A price that is not known cannot be counted; the tokens are.
      { tokens: totalTokens, cost: totalPrice ?? 0, runs: 0 },
    );
  return {
    ask: askInTurn,
    guard: (runner) => ({
      describe: runner.describe,
      run: async (request) => {
        await askInTurn();
        const outcome = await runner.run(request);
        await spend(outcome.usage);
        return outcome;
      },
    }),
  };
};
