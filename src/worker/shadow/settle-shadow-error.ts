import { reasonOf } from "../../base/reason.ts";
import { messageOfError, reasonOfError, ReviewflowError } from "../../base/errors.ts";
import type { ShadowRun, ShadowSettlement } from "../../store/shadows/shadow-store.ts";

/** How often a shadow run is tried at most. */
export const SHADOW_ATTEMPTS = 3;
const BACKOFF_MS = 30_000;
/** A budget may be raised, and a peer come back, long before the time that is told. */
const LONGEST_DELAY_MS = 60 * 60_000;
/** What waits for longer would only keep newer comparisons from being made. */
const PUT_OFF_WITHIN_MS = 48 * 60 * 60_000;

/**
 * What becomes of a shadow run whose attempt threw. One that could not even be tried, for a budget that is
 * used up or something outside that is away, is put off without counting the attempt, until it is two days old; then it is
 * skipped. Any other is tried three times.
 */
export const settleShadowError = (
  { attempts, createdAtMs }: Pick<ShadowRun, "attempts" | "createdAtMs">,
  error: unknown,
  nowMs: number,
): ShadowSettlement => {
  const reason = reasonOfError(error);
  const known = error instanceof ReviewflowError ? error : null;
  const delayMs = Math.min(known?.retryAfterMs ?? BACKOFF_MS * attempts, LONGEST_DELAY_MS);
  if (known?.outside !== undefined || (known?.retryable === true && known.untried))
    return nowMs - createdAtMs >= PUT_OFF_WITHIN_MS
      ? { state: "skipped", reason: reasonOf("shadow-postponed", { detail: messageOfError(error) }) }
      : { state: "retry", reason, delayMs, untried: true };
  if (attempts >= SHADOW_ATTEMPTS || known?.retryable === false) return { state: "failed", reason };
  return { state: "retry", reason, delayMs };
};
