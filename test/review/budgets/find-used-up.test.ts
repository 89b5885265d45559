import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Budget,
  type Budgets,
  NOTHING_SPENT,
  budgetOf,
  findUsedUp,
} from "../../../src/review/budgets/find-used-up.ts";
import { fc } from "../../properties.ts";

const FREE: Budget = { tokens: null, cost: null, runs: null };
const spent = (tokens: number, cost: number, runs: number) => ({ tokens, cost, runs });

suite("a budget", () => {
  const budgets: Budgets = {
    total: { tokens: 1_000, cost: 5, runs: 10 },
    projects: [
      { match: ["team/**"], ...FREE, runs: 2 },
      { match: ["**"], ...FREE, tokens: 100 },
    ],
  };
  const find = (path: string, total = NOTHING_SPENT, project = NOTHING_SPENT, isCounted = false) =>
    findUsedUp(budgets, path, { total, project }, isCounted)?.setting ?? null;

  test("of a project is the first that matches, in any case of letters", () => {
    assert.equal(budgetOf(budgets, "Team/a/b")?.setting, "budgets.projects[0]");
    assert.equal(budgetOf(budgets, "other/a")?.setting, "budgets.projects[1]");
    assert.equal(budgetOf({ ...budgets, projects: [] }, "other/a"), null);
  });

  test("is used up when a limit is reached, the project's own before that of all", () => {
    assert.equal(find("team/a"), null);
    assert.equal(find("team/a", spent(0, 0, 2), spent(0, 0, 2)), "budgets.projects[0].runs");
    assert.equal(find("team/a", spent(500, 1, 2), spent(500, 1, 1)), null);
    assert.equal(find("other/a", spent(100, 0, 1), spent(100, 0, 1)), "budgets.projects[1].tokens");
    assert.equal(find("team/a", spent(1_000, 0, 1)), "budgets.total.tokens");
    assert.equal(find("team/a", spent(0, 5, 1)), "budgets.total.cost");
    assert.equal(find("team/a", spent(0, 0, 10)), "budgets.total.runs");
  });

  test("lets a run go on that is one of today's, but not beyond tokens and cost", () => {
    assert.equal(find("team/a", spent(0, 0, 10), spent(0, 0, 2), true), null);
    assert.equal(find("team/a", spent(1_000, 0, 10), spent(0, 0, 2), true), "budgets.total.tokens");
  });

  test("never forbids less to who used more", () => {
    const amounts = fc.record({ tokens: fc.nat(2_000), cost: fc.nat(10), runs: fc.nat(20) });
    fc.assert(
      fc.property(amounts, amounts, amounts, fc.boolean(), (total, project, more, isCounted) => {
        const add = (to: typeof more) =>
          spent(to.tokens + more.tokens, to.cost + more.cost, to.runs + more.runs);
        if (find("team/a", total, project, isCounted) !== null)
          assert.notEqual(find("team/a", add(total), add(project), isCounted), null);
      }),
      { numRuns: 100 },
    );
  });
});
