import { DifyError } from "../base/errors.ts";
import { pollBy } from "../base/retry.ts";
import type { RunContext } from "./run-context.ts";

/** The first version whose log has a run from its begin; before, the row is written when the run ends. */
const LOGS_AT_START = [1, 14] as const;

const logsAtStart = (version: string | null): boolean => {
  const [major = 0, minor = 0] = (version ?? "").split(".").map((part) => Number.parseInt(part, 10));
  return major > LOGS_AT_START[0] || (major === LOGS_AT_START[0] && minor >= LOGS_AT_START[1]);
};

/** How often in a row Dify may fail to say how a run stands before the attempt is given back. */
const MOST_FAILURES = 5;

/** The least pause after a look at Dify that failed, in milliseconds; null where another would fail as well, or many did. */
export const passingFailureMs = (error: unknown, failures: number): number | null =>
  error instanceof DifyError && error.retryable && failures < MOST_FAILURES
    ? (error.retryAfterMs ?? 0)
    : null;
/** How much slower a queue is watched than a run. */
const QUEUE_POLLS = 5;

/**
 * Whether Dify's log has the run that was asked for in our end user's name
 * (`GET /v1/workflows/logs?created_by_end_user_session_id=`); it is noted then. Dify writes the row when a
 * worker takes the run up (since 1.14), so a run that waits in its queue has none.
 */
export const hasBegun = async (context: RunContext): Promise<boolean> => {
  const entry = context.record.current();
  if (entry.state === "none" || entry.state === "started") return entry.state === "started";
  const found = await context.api.findRun(entry.user, context.life.signal);
  if (found === null) return false;
  const { workflowRunId, createdAtMs } = found;
  // Dify's clock may be another than ours: between the request and now it is believed.
  const nowMs = context.clock.now();
  const beganMs = Math.min(Math.max(createdAtMs ?? nowMs, entry.atMs), nowMs);
  await context.record.start(workflowRunId, null, beganMs);
  context.logger.info({ runId: context.request.runId, workflowRunId }, "run found in dify's log");
  return true;
};

/**
 * Looks for the run of a request whose answer was lost, until it is found (true) or given up (false).
 * A request that Dify has taken is looked for until the limit of the queue aborts the run's life: its run may
 * still begin. One that Dify has not answered is looked for until it is `lookupMs` old.
 *
 * What remains: a request whose answer was lost before its first byte, or whose process died then, and which
 * waits in Dify's queue for longer than `lookupMs`, is not found and is asked for again. Dify has no
 * idempotency key that would close this; a longer `lookupMs` makes it smaller.
 */
export const lookUpRun = async (context: RunContext): Promise<boolean> => {
  const { api, clock, life, limits, record } = context;
  const look = async (): Promise<true | null> => {
    try {
      return (await hasBegun(context)) || null;
    } catch (error) {
      life.signal.throwIfAborted();
      throw error;
    }
  };
  const pauseMs = (): number | null => {
    const entry = record.current();
    if (entry.state === "none") return null;
    if (entry.state === "queued") return limits.pollMs * QUEUE_POLLS;
    const windowMs = logsAtStart(api.version()) ? limits.lookupMs : limits.lookupAtEndMs;
    const leftMs = entry.atMs + windowMs - clock.now();
    return leftMs <= 0 ? null : Math.min(leftMs, limits.pollMs);
  };
  const found = await pollBy(look, { pauseMs, afterFailureMs: passingFailureMs, clock, signal: life.signal });
  return found ?? false;
};
