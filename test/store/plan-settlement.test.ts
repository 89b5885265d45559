import { type Reason, reasonOf, withDetail } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { SUPERSEDED } from "../../src/store/plan-accept.ts";
import { planSettlement, type Settled } from "../../src/store/settle.ts";
import type { Settlement } from "../../src/store/store.ts";

const policy = { maxAttempts: 3, baseMs: 100, maxMs: 1_000, giveUpMs: 10_000 };

const run: Settled = {
  id: "run",
  kind: "review",
  projectId: 1,
  iid: 2,
  headSha: "a",
  targetBranch: "main",
  state: "active",
  failures: 0,
  stalledCount: 0,
  waits: 0,
  waitedMs: 0,
  claimId: "claim",
  cancelCode: null,
  cancelParams: null,
};

const CLOSED = { cancelCode: "merge-request-closed", cancelParams: "{}" };
const NEWER = { cancelCode: SUPERSEDED.code, cancelParams: "{}" };

const busy: Settlement = { state: "retry", reason: reasonOf("model-overloaded"), retryAfterMs: undefined };
const away: Settlement = {
  state: "waiting",
  outside: { peer: { kind: "model", name: "main" }, verdict: "away" },
  reason: reasonOf("model-overloaded"),
  retryAfterMs: undefined,
};
const parked: Settlement = { ...away, outside: { ...away.outside, verdict: "refused" } };
const failed: Settlement = { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE };
const done: Settlement = { state: "succeeded", reason: null, result: 1, usage: NO_USAGE };

describe("what a settlement means", () => {
  const cases = [
    ["a failed attempt waits", {}, busy, false, "retry"],
    ["the last attempt fails the run", { failures: 2 }, busy, false, "failed"],
    ["a run waits for what is away, however often it was tried", { failures: 2 }, away, false, "wait"],
    ["a run is given up that has waited for too long", { waitedMs: 10_000 }, away, false, "failed"],
    ["what only a person can change is not given up", { waitedMs: 99_000 }, parked, false, "wait"],
    ["a waiting run gives way to a newer head", {}, away, true, "superseded"],
    ["a cancelled run does not wait", CLOSED, away, false, "cancelled"],
    ["a newer head comes before another attempt", {}, busy, true, "superseded"],
    ["a used-up run says so even when a newer head waits", { failures: 2 }, busy, true, "failed"],
    ["a cancelled run is not tried again", CLOSED, busy, false, "cancelled"],
    ["a cancelled run does not fail", CLOSED, failed, false, "cancelled"],
    ["a stopped run gives way to a newer head", NEWER, busy, true, "superseded"],
    ["a run whose successor is gone too is cancelled", NEWER, busy, false, "cancelled"],
    ["a review that was finished counts", CLOSED, done, true, "succeeded"],
    ["a run that is handed back waits again", {}, { state: "handed-back" }, false, "hand-back"],
    ["a run that is handed back gives way", {}, { state: "handed-back" }, true, "superseded"],
  ] as const;
  for (const [name, change, settlement, newer, expected] of cases) {
    test(name, () => {
      const settled = planSettlement({ ...run, ...change }, settlement, newer, policy, 0.5);
      assert.equal("state" in settled ? settled.state : settled.kind, expected);
    });
  }

  test("a cancelled run keeps its reason, with what the cancel left behind", () => {
    const endsFor = (reason: Reason): Reason => {
      const settlement: Settlement = { state: "cancelled", reason };
      const settled = planSettlement({ ...run, ...NEWER }, settlement, true, policy, 0.5);
      assert.ok(settled.kind === "end" && settled.state === "superseded");
      return settled.reason;
    };
    const explained = withDetail(SUPERSEDED, "it goes on on Dify");
    assert.deepEqual([endsFor(explained), endsFor(reasonOf("paused"))], [explained, SUPERSEDED]);
  });

  test("an attempt that tried nothing uses none up, however many there were", () => {
    const settlement: Settlement = { ...busy, retryAfterMs: 5, untried: true };
    const settled = planSettlement({ ...run, failures: 2 }, settlement, false, policy, 0.5);
    assert.ok(settled.kind === "retry" && !settled.counts && settled.delayMs === 5);
    const newer = planSettlement(run, settlement, true, policy, 0.5);
    assert.ok(newer.kind === "end" && newer.state === "superseded");
  });

  test("what the other side asks for comes before the backoff, and is not cut", () => {
    const settled = planSettlement(run, { ...busy, retryAfterMs: 90_000 }, false, policy, 0.5);
    assert.ok(settled.kind === "retry" && settled.delayMs === 90_000);
  });
});
