import { describeError, ReviewflowError } from "../base/errors.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import type { Settlement } from "../store/store.ts";

/**
 * What becomes of a run whose attempt threw. One of the three places where failures end: a cancelled
 * run ends, one that only this process must let go of goes back, a failure that may pass is tried
 * again, and the rest is final. A failure that we do not know is tried again too: attempts are bounded.
 */
export const settleFailure = (error: unknown, signal: AbortSignal): Settlement => {
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    return reason instanceof RunCancelled
      ? { state: "cancelled", reason: reason.message }
      : { state: "handed-back" };
  }
  if (!(error instanceof ReviewflowError)) {
    return {
      state: "retry",
      reason: `Unexpected failure: ${describeError(error)}`,
      reasonCode: "unexpected",
      retryAfterMs: undefined,
    };
  }
  return error.retryable
    ? { state: "retry", reason: error.message, reasonCode: error.code, retryAfterMs: error.retryAfterMs }
    : { state: "failed", reason: error.message, reasonCode: error.code, usage: NO_USAGE };
};
