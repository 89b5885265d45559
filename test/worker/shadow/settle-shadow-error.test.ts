import { verbatim } from "../../../src/messages/message.ts";
import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BudgetError, ModelError, reasonOfError } from "../../../src/base/errors.ts";
import { settleShadowError } from "../../../src/worker/shadow/settle-shadow-error.ts";

const HOUR_MS = 3_600_000;
const shadow = { attempts: 3, createdAtMs: 1_000 };

suite("a candidate's attempt that threw", () => {
  const usedUp = new BudgetError(verbatim("budgets.total.cost: used up"), {
    code: "budget-used-up",
    retryable: true,
    untried: true,
    retryAfterMs: 9 * HOUR_MS,
  });

  test("is put off uncounted for a budget, also in the last one, and asks again within the hour", () => {
    const settled = settleShadowError(shadow, usedUp, 1_000 + 47 * HOUR_MS);
    assert.deepEqual(settled, {
      state: "retry",
      reason: reasonOfError(usedUp),
      delayMs: HOUR_MS,
      untried: true,
    });
  });

  test("is put off for two days at most, and then skipped for the reason that it waited for", () => {
    const settled = settleShadowError(shadow, usedUp, 1_000 + 48 * HOUR_MS);
    assert.deepEqual(settled, {
      state: "skipped",
      reason: reasonOf("shadow-postponed", { detail: usedUp.what }),
    });
  });

  test("counts for whatever else, and the third is the last", () => {
    const error = new ModelError(verbatim("busy"), { code: "model-failed", retryable: true });
    const first = settleShadowError({ ...shadow, attempts: 1 }, error, 50 * HOUR_MS);
    assert.deepEqual(first, { state: "retry", reason: reasonOfError(error), delayMs: 30_000 });
    assert.deepEqual(settleShadowError(shadow, error, 2_000), {
      state: "failed",
      reason: reasonOfError(error),
    });
  });

  test("ends at once for what no other attempt could change", () => {
    const error = new ModelError(verbatim("no such model"), { code: "model-failed", retryable: false });
    const settled = settleShadowError({ ...shadow, attempts: 1 }, error, 2_000);
    assert.deepEqual(settled, { state: "failed", reason: reasonOfError(error) });
  });
});
