import { verbatim } from "../../src/messages/message.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError } from "../../src/base/errors.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import { settlementOfError } from "../../src/store/settlement-of-error.ts";

suite("a failed attempt", () => {
  const open = new AbortController().signal;

  test("is tried again when it may pass, with the wait that was asked for", () => {
    const error = new DifyError(verbatim("busy"), {
      code: "too_many_requests",
      retryable: true,
      retryAfterMs: 7_000,
      status: 429,
    });
    assert.deepEqual(settlementOfError(error, open), {
      state: "retry",
      reason: reasonOf("dify-failed", { error: "too_many_requests", detail: verbatim("busy") }),
      retryAfterMs: 7_000,
    });
    assert.equal(settlementOfError(new TypeError("a bug"), open).state, "retry");
    const untried = new DifyError(verbatim("open"), {
      code: "dify-paused",
      retryable: true,
      untried: true,
      status: null,
    });
    assert.deepEqual(settlementOfError(untried, open), {
      state: "retry",
      reason: reasonOf("dify-paused", { detail: verbatim("open") }),
      retryAfterMs: undefined,
      untried: true,
    });
  });

  test("is final when it cannot pass", () => {
    const error = new DifyError(verbatim("no such app"), { code: "app_unavailable", status: 400 });
    assert.equal(settlementOfError(error, open).state, "failed");
  });

  test("is no failure when the run was cancelled or we are stopping", () => {
    const closed = new RunCancelled(reasonOf("merge-request-closed"));
    const cancelled = AbortSignal.abort(closed);
    assert.deepEqual(settlementOfError(cancelled.reason, cancelled), {
      state: "cancelled",
      reason: reasonOf("merge-request-closed"),
    });
    const why = reasonOf("merge-request-closed", { detail: "it goes on on Dify" });
    const explained = new RunCancelled(why, closed);
    assert.equal(
      settlementOfError(new RunCancelled(reasonOf("merge-request-closed")), cancelled).state,
      "cancelled",
    );
    assert.deepEqual(settlementOfError(explained, cancelled), {
      state: "cancelled",
      reason: why,
    });
    assert.deepEqual(settlementOfError(new Error("x"), AbortSignal.abort(new Error("stopping"))), {
      state: "handed-back",
    });
  });
});
