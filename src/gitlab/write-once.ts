import type { Clock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { retryBy } from "../base/retry.ts";

/** How long GitLab is given to finish a write whose answer was lost, before we look for it. */
const LOOK_UP_WAITS_MS = [1_000, 4_000] as const;

/** The longest that one write waits, over all, for a rate limit to end. */
const MAX_PATIENCE_MS = 120_000;

/** How one write is made. */
export type WriteOnceOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a log line says about the write. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
};

/** Whether GitLab may have carried out the write although it failed for us; 429 is answered before. */
const isAmbiguous = (error: GitLabError): boolean => error.retryable && error.status !== 429;

/**
 * Makes a write that must happen once. When its answer is lost, `find` looks whether it was carried out
 * before it is made again; undefined means that it was not. After two such look-ups the failure is thrown,
 * and so is a rate limit that lasts longer than two minutes.
 */
export const writeOnce = async <Value>(
  write: () => Promise<Value>,
  find: () => Promise<Value | undefined>,
  { clock, logger, fields, signal }: WriteOnceOptions,
): Promise<{ readonly value: Value; readonly lost: boolean }> => {
  let patienceMs = MAX_PATIENCE_MS;
  let losses = 0;
  const attempt = async () => {
    if (losses > 0) {
      const found = await find();
      if (found !== undefined) return { value: found, lost: true };
    }
    return { value: await write(), lost: losses > 0 };
  };
  const pauseMs = (error: unknown): number | null => {
    if (!(error instanceof GitLabError)) return null;
    const hintMs = error.status === 429 ? Math.max(error.retryAfterMs ?? Infinity, 1_000) : Infinity;
    if (hintMs <= patienceMs) {
      patienceMs -= hintMs;
      logger.info({ ...fields, waitMs: hintMs }, "GitLab's rate limit is reached, the write waits");
      return hintMs;
    }
    const waitMs = LOOK_UP_WAITS_MS[losses];
    if (!isAmbiguous(error) || waitMs === undefined) return null;
    losses += 1;
    logger.warn({ ...fields, code: error.code, losses }, "Answer to a write was lost, looking for it");
    return waitMs;
  };
  return retryBy(attempt, { pauseMs, clock, signal });
};
