import type { GitLabError } from "../base/errors.ts";
import { pauseAfter } from "../base/retry.ts";

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10_000;
const MAX_HINT_MS = 86_400_000;

/** Nobody else comes back at the same instant after a hint that all of us were given. */
const HINT_JITTER_MS = 250;

/**
 * How long the other side asked us to wait, in milliseconds, at most a day: `Retry-After` in seconds or
 * as an HTTP date, and on 429 GitLab's `RateLimit-Reset` (seconds since 1970). Undefined without a hint.
 *
 * @see https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 */
export const readRetryHint = (headers: Headers, status: number, nowMs: number): number | undefined => {
  const retryAfter = headers.get("retry-after")?.trim() ?? "";
  const asked = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - nowMs;
  if (Number.isFinite(asked)) return clampHint(asked);
  const reset = headers.get("ratelimit-reset")?.trim() ?? "";
  if (status !== 429 || !/^\d+$/.test(reset)) return undefined;
  return clampHint(Number(reset) * 1_000 - nowMs);
};

const clampHint = (ms: number): number => Math.min(Math.max(ms, 0), MAX_HINT_MS);

/** How a failed call is retried. `random` gives numbers from 0 up to 1. */
export type RetryPlan = {
  readonly method: string;
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The longest that one wait may take, in milliseconds. */
  readonly maxWaitMs: number;
  readonly random: () => number;
};

/**
 * How long to wait before the call is made again, in milliseconds; null when it must not or need not be.
 * A read is repeated after every failure that may pass, and so is a deletion, which does nothing the second
 * time. Another write is repeated only after 429, which GitLab answers before it does anything; after other
 * failures the write may have been carried out.
 */
export const planRetry = (error: GitLabError, plan: RetryPlan): number | null => {
  if (!error.retryable || plan.attempt >= plan.maxAttempts) return null;
  const repeatable = plan.method === "GET" || plan.method === "DELETE";
  if (!repeatable && error.status !== 429) return null;
  if (error.retryAfterMs !== undefined) {
    return error.retryAfterMs > plan.maxWaitMs ? null : error.retryAfterMs + plan.random() * HINT_JITTER_MS;
  }
  const maxMs = Math.min(MAX_BACKOFF_MS, plan.maxWaitMs);
  return pauseAfter(plan.attempt, { baseMs: FIRST_BACKOFF_MS, maxMs }, plan.random());
};
