import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError } from "../../src/base/errors.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import { settlementOfError } from "../../src/store/settlement-of-error.ts";

suite("a failed attempt", () => {
  const open = new AbortController().signal;

  test("is tried again when it may pass, with the wait that was asked for", () => {
    const error = new DifyError("busy", {
      code: "too_many_requests",
      retryable: true,
      retryAfterMs: 7_000,
      status: 429,
    });
    assert.deepEqual(settlementOfError(error, open), {
      state: "retry",
      reason: "busy",
      reasonCode: "too_many_requests",
      retryAfterMs: 7_000,
    });
    assert.equal(settlementOfError(new TypeError("a bug"), open).state, "retry");
    const untried = new DifyError("open", {
      code: "dify-paused",
      retryable: true,
      untried: true,
      status: null,
    });
    assert.deepEqual(settlementOfError(untried, open), {
      state: "retry",
      reason: "open",
      reasonCode: "dify-paused",
      retryAfterMs: undefined,
      untried: true,
    });
  });

  test("is final when it cannot pass", () => {
    const error = new DifyError("no such app", { code: "app_unavailable", status: 400 });
    assert.equal(settlementOfError(error, open).state, "failed");
  });

  test("is no failure when the run was cancelled or we are stopping", () => {
    const cancelled = AbortSignal.abort(new RunCancelled("merge-request-closed"));
    assert.deepEqual(settlementOfError(cancelled.reason, cancelled), {
      state: "cancelled",
      reason: "merge-request-closed",
    });
    const explained = new RunCancelled("merge-request-closed; it goes on on Dify");
    assert.equal(settlementOfError(new RunCancelled("other"), cancelled).state, "cancelled");
    explained.cause = cancelled.reason;
    assert.deepEqual(settlementOfError(explained, cancelled), {
      state: "cancelled",
      reason: "merge-request-closed; it goes on on Dify",
    });
    assert.deepEqual(settlementOfError(new Error("x"), AbortSignal.abort(new Error("stopping"))), {
      state: "handed-back",
    });
  });
});
