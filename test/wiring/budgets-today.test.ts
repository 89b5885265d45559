import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { totalBudget } from "../../src/http/dashboard/pages/budget-cell.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createBudgets } from "../../src/wiring/create-budgets.ts";
import { ENOUGH, load } from "../config/config-setup.ts";
import { english as t } from "../messages/saying.ts";

const used = { projectId: 1, projectPath: "a/b", tokens: 0, cost: 0.368, runs: 0 };

/** What the dashboard shows of today's costs where the models have these currencies. */
const shown = async (...currencies: readonly string[]): Promise<string> => {
  const models = currencies.map(
    (currency, index) =>
      `m${index}: { model: x, api_key: "sk-1234567890", price: { input: 1, output: 2, currency: ${currency} } }`,
  );
  const config = load(ENOUGH, `models: { ${models.join(", ")} }\nbudgets: { total: { cost: 5 } }\n`);
  const store = {
    spending: {
      listSpent: async () => [used],
      readSpent: async () => assert.fail(),
      spend: async () => undefined,
    },
  };
  const telemetry = { metrics: createMetrics(() => 0) };
  const budgets = createBudgets(config, { store, telemetry, clock: systemClock, logger: silentLogger });
  return JSON.stringify(totalBudget(t, await budgets.today()));
};

suite("what budgets have cost today", () => {
  const cost = (amount: string): string => t("budgets.cost", { amount });

  test("is said in the one currency of the configured prices", async () => {
    assert.ok((await shown("EUR", "EUR")).includes(cost("0.368 / 5.00 EUR")), await shown("EUR", "EUR"));
  });

  test("is said without a currency where the settings name none, or several", async () => {
    for (const currencies of [[], ["EUR", "USD"]])
      assert.ok((await shown(...currencies)).includes(cost("0.368 / 5.00")), currencies.join());
  });
});
