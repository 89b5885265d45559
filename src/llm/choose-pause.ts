import type { ModelFailure } from "./model-failure.ts";
import type { RetryPolicy } from "./model-options.ts";

/**
 * How long to wait before the next attempt, in milliseconds; null when there is to be none: the failure
 * is final, the attempts are used up, or the provider asks for a longer pause than the policy allows.
 * `attempt` counts from 1; `random` is between 0 and 1.
 */
export const choosePause = (
  failure: Pick<ModelFailure, "retryable" | "retryAfterMs">,
  attempt: number,
  policy: RetryPolicy,
  random: number,
): number | null => {
  if (!failure.retryable || attempt >= policy.attempts) return null;
  if (failure.retryAfterMs !== null) {
    return failure.retryAfterMs <= policy.maxMs ? failure.retryAfterMs : null;
  }
  const full = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.round(full * (1 - random / 2));
};
