import { ReviewflowError, reasonOfError } from "../base/errors.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import type { Settlement } from "./store.ts";

/**
 * What a thrown error means for a run. Ours say themselves whether something outside is to be waited for, and whether another attempt may help; one that
 * we do not know may be a passing trouble of the machine, so it is tried again, a few times. After an
 * abort the reason of the signal counts, with what a handler adds to it, and nothing else that it made of it.
 */
export const settlementOfError = (error: unknown, signal: AbortSignal): Settlement => {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof RunCancelled) {
    // A handler may add what the cancel left behind, such as a run that goes on on Dify.
    const ended = error instanceof RunCancelled && error.cause === reason ? error : reason;
    return { state: "cancelled", reason: ended.reason };
  }
  if (signal.aborted) return { state: "handed-back" };
  const known = error instanceof ReviewflowError ? error : null;
  if (known?.outside !== undefined)
    return {
      state: "waiting",
      outside: known.outside,
      reason: reasonOfError(error),
      retryAfterMs: known.retryAfterMs,
    };
  if (known?.retryable === false) return { state: "failed", reason: reasonOfError(error), usage: NO_USAGE };
  return {
    state: "retry",
    reason: reasonOfError(error),
    retryAfterMs: known?.retryAfterMs,
    ...(known?.untried === true ? { untried: true } : {}),
  };
};
