import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { budgetDay } from "../review/budgets/budget-day.ts";
import { type Budgets, NOTHING_SPENT, type Spent, findUsedUp } from "../review/budgets/find-used-up.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { ProjectSpent } from "../store/spending/create-spending.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { BudgetDesk } from "../worker/budgets/budget-desk.ts";

/** The budgets of a server: what runs ask, and what is told of them. */
export type ConfiguredBudgets = {
  readonly desk: BudgetDesk;
  /** What was used today, for pages. */
  readonly today: () => Promise<{
    readonly budgets: Budgets;
    readonly spent: readonly ProjectSpent[];
    readonly currency: string;
  }>;
  /** Brings the metrics up to date; a store that does not answer leaves them as they are. */
  readonly measure: () => Promise<void>;
};

/** Budgets over the store's account of each day. */
export const createBudgets = (
  { budgets: { timeZone, tell, ...budgets }, models }: Pick<Config, "budgets" | "models">,
  {
    store: { spending },
    telemetry,
    clock,
    logger,
  }: {
    readonly store: Pick<OpenedStore, "spending">;
    readonly telemetry: Pick<Telemetry, "metrics">;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): ConfiguredBudgets => {
  const { protection } = telemetry.metrics;
  const [currency = "", ...others] = new Set(models.flatMap(({ price }) => price?.currency ?? []));
  const known = others.length === 0 ? currency : "";
  const listSpent = () => spending.listSpent(budgetDay(clock.now(), timeZone).name);
  return {
    desk: { budgets, timeZone, tell, spending, clock, logger, onPutOff: protection.putOff },
    today: async () => ({ budgets, spent: await listSpent(), currency: known }),
    measure: async () => {
      try {
        protection.budgets(toFact(budgets, await listSpent()));
      } catch (error) {
        logger.debug({ error: describeError(error) }, "What was used today is not known");
      }
    },
  };
};

const toFact = (budgets: Budgets, spent: readonly ProjectSpent[]) => ({
  used: spent.reduce<Spent>(
    (sum, { tokens, cost, runs }) => ({
      tokens: sum.tokens + tokens,
      cost: sum.cost + cost,
      runs: sum.runs + runs,
    }),
    NOTHING_SPENT,
  ),
  limit: budgets.total,
  projectsUsedUp: spent.filter(
    (project) =>
      findUsedUp(budgets, project.projectPath, { total: NOTHING_SPENT, project }, false)?.setting.startsWith(
        "budgets.projects",
      ) === true,
  ).length,
});
