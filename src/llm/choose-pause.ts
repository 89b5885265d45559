import { pauseAfter } from "../base/retry.ts";
import type { RetryPolicy } from "./model-options.ts";

/**
 * How long to wait before the next attempt, in milliseconds; null when there is to be none: the failure
 * is final, the attempts are used up, or the provider asks for a longer pause than the policy allows.
 * `attempt` counts from 1; `random` is between 0 and 1.
 */
export const choosePause = (
  {
    retryable,
    retryAfterMs = null,
  }: { readonly retryable: boolean; readonly retryAfterMs?: number | null | undefined },
  attempt: number,
  policy: RetryPolicy,
  random: number,
): number | null => {
  if (!retryable || attempt >= policy.attempts) return null;
  if (retryAfterMs !== null) return retryAfterMs <= policy.maxMs ? retryAfterMs : null;
  return pauseAfter(attempt, policy, random);
};
