import { DifyError } from "../base/errors.ts";
import type { RunContext } from "./run-context.ts";

/** The first version whose log has a run from its begin; before, the row is written when the run ends. */
const LOGS_AT_START = [1, 14] as const;

const logsAtStart = (version: string | null): boolean => {
  const [major = 0, minor = 0] = (version ?? "").split(".").map((part) => Number.parseInt(part, 10));
  return major > LOGS_AT_START[0] || (major === LOGS_AT_START[0] && minor >= LOGS_AT_START[1]);
};

/** How often in a row Dify's log may fail to answer before the attempt is given back. */
const MOST_FAILURES = 5;
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
  for (let failures = 0; ;) {
    try {
      if (await hasBegun(context)) return true;
      failures = 0;
    } catch (error) {
      life.signal.throwIfAborted();
      failures += 1;
      if (!(error instanceof DifyError) || !error.retryable || failures >= MOST_FAILURES) throw error;
    }
    const entry = record.current();
    if (entry.state === "none") return false;
    if (entry.state === "queued") {
      await clock.sleep(limits.pollMs * QUEUE_POLLS, life.signal);
      continue;
    }
    const windowMs = logsAtStart(api.version()) ? limits.lookupMs : limits.lookupAtEndMs;
    const leftMs = entry.atMs + windowMs - clock.now();
    if (leftMs <= 0) return false;
    await clock.sleep(Math.min(leftMs, limits.pollMs), life.signal);
  }
};
