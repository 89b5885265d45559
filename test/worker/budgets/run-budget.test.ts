import { messageOfReason, reasonOf } from "../../../src/base/reason.ts";
import { message } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BudgetError } from "../../../src/base/errors.ts";
import { createMemoryJournal, type Journal } from "../../../src/base/journal.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import { NOTHING_SPENT, type Budget, type Spent } from "../../../src/review/budgets/find-used-up.ts";
import type { FlowRequest, FlowRunner } from "../../../src/review/flow-runner.ts";
import type { Run } from "../../../src/store/store.ts";
import { BUDGET_USED_UP, type BudgetDesk } from "../../../src/worker/budgets/budget-desk.ts";
import { openCandidateBudget } from "../../../src/worker/budgets/candidate-budget.ts";
import { openRunBudget } from "../../../src/worker/budgets/run-budget.ts";

const RUN: Run = {
  id: "run",
  kind: "review",
  deliveryId: "d",
  projectId: 7,
  projectPath: "team/shop",
  iid: 1,
  headSha: "a",
  flow: "review",
  trigger: "opened",
  state: "active",
  reason: null,
  waitingFor: null,
  waits: 0,
  attempts: 1,
  createdAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: null,
  nextAttemptAtMs: null,
  event: {},
  result: null,
  usage: NO_USAGE,
};

const request = (): FlowRequest => ({
  runId: "run",
  inputs: {},
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
});

const setUp = (limits: Partial<Budget>) => {
  let nowMs = Date.parse("2026-02-28T12:00:00Z");
  const days = new Map<string, Spent>();
  const spent = (day: string): Spent => days.get(day) ?? NOTHING_SPENT;
  const told = { putOff: 0, calls: 0 };
  const desk: BudgetDesk = {
    budgets: { total: { tokens: null, cost: null, runs: null, ...limits }, projects: [] },
    timeZone: "UTC",
    tell: false,
    spending: {
      readSpent: async (day) => ({ total: spent(day), project: spent(day) }),
      spend: async (day, _project, more) => {
        const { tokens, cost, runs } = spent(day);
        days.set(day, { tokens: tokens + more.tokens, cost: cost + more.cost, runs: runs + more.runs });
      },
    },
    clock: { now: () => nowMs, sleep: async () => undefined },
    logger: silentLogger,
    onPutOff: () => (told.putOff += 1),
  };
  const plain: FlowRunner = {
    describe: async () => [],
    run: async () => {
      told.calls += 1;
      const usage = { ...NO_USAGE, totalTokens: 40, totalPrice: 0.5 };
      return { status: "succeeded", outputs: {}, error: null, usage };
    },
  };
  const open = (journal: Journal = createMemoryJournal(), run: Run = RUN): FlowRunner =>
    openRunBudget({ run, journal }, desk).guard(plain);
  const candidate = (): FlowRunner => openCandidateBudget(RUN, desk).guard(plain);
  return { open, candidate, days, told, pass: (ms: number) => (nowMs += ms) };
};

suite("the budget of a run", () => {
  test("counts a run once a day, over its calls and attempts, and what each call uses", async () => {
    const { open, days } = setUp({});
    const journal = createMemoryJournal();
    const runner = open(journal);
    await Promise.all([runner.run(request()), runner.run(request()), runner.run(request())]);
    await open(journal).run(request());
    assert.deepEqual([...days], [["2026-02-28", { tokens: 160, cost: 2, runs: 1 }]]);
  });

  test("puts a review off to the next day, without counting the attempt, and then lets it go on", async () => {
    const { open, told, days, pass } = setUp({ tokens: 100 });
    const runner = open();
    for (let call = 0; call < 3; call += 1) await runner.run(request());
    await assert.rejects(runner.run(request()), (error) => {
      assert.ok(error instanceof BudgetError);
      assert.equal(error.code, BUDGET_USED_UP);
      assert.deepEqual([error.retryable, error.untried], [true, true]);
      assert.equal(error.retryAfterMs, 12 * 3_600_000);
      const until = Date.UTC(2026, 2, 1);
      const reason = reasonOf("budget-used-up", { setting: "budgets.total.tokens", limit: 100, until });
      assert.deepEqual([error.reason, error.what], [reason, messageOfReason(reason)]);
      return true;
    });
    assert.deepEqual(told, { putOff: 1, calls: 3 });
    pass(12 * 3_600_000);
    await runner.run(request());
    assert.deepEqual(days.get("2026-03-01"), { tokens: 40, cost: 0.5, runs: 1 });
  });

  test("lets the runs that were begun go on when no further one may begin", async () => {
    const { open } = setUp({ runs: 1 });
    const [first, second] = [open(), open()];
    await first.run(request());
    await assert.rejects(second.run(request()), { code: BUDGET_USED_UP });
    await first.run(request());
  });

  test("does not answer a note a day later", async () => {
    const { open, told } = setUp({ cost: 0 });
    const reply = open(createMemoryJournal(), { ...RUN, kind: "reply" });
    await assert.rejects(reply.run(request()), (error) => error instanceof BudgetError && !error.retryable);
    assert.deepEqual(told, { putOff: 0, calls: 0 });
  });
});

suite("the budget of a candidate", () => {
  test("counts what it uses, and is none of the day's runs", async () => {
    const { candidate, days } = setUp({ runs: 0 });
    await candidate().run(request());
    assert.deepEqual([...days], [["2026-02-28", { tokens: 40, cost: 0.5, runs: 0 }]]);
  });

  test("is four fifths of the day's: a review is still made when candidates wait", async () => {
    const { open, candidate, told, pass } = setUp({ tokens: 100 });
    await candidate().run(request());
    await candidate().run(request());
    await assert.rejects(candidate().run(request()), (error) => {
      assert.ok(error instanceof BudgetError);
      assert.deepEqual([error.code, error.retryable, error.untried], [BUDGET_USED_UP, true, true]);
      assert.equal(error.retryAfterMs, 12 * 3_600_000);
      const reached = { setting: "budgets.total.tokens", limit: 80, until: Date.UTC(2026, 2, 1) };
      assert.deepEqual(error.what, message("budget.candidates-used-up", reached));
      return true;
    });
    assert.deepEqual(told, { putOff: 0, calls: 2 });
    await open().run(request());
    await assert.rejects(open().run(request()), { code: BUDGET_USED_UP });
    pass(12 * 3_600_000);
    await candidate().run(request());
  });
});
