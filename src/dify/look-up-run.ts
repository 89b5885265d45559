import { DifyError } from "../base/errors.ts";
import type { RunContext } from "./run-context.ts";

/** The first version whose log has a run from its start; before, the row is written when the run ends. */
const LOGS_AT_START = [1, 14] as const;

const logsAtStart = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > LOGS_AT_START[0] || (major === LOGS_AT_START[0] && minor >= LOGS_AT_START[1]);
};

const lookupWindowMs = async (context: RunContext): Promise<number> => {
  try {
    const version = await context.api.serverVersion(context.life.signal);
    return logsAtStart(version) ? context.limits.lookupMs : context.limits.lookupAtEndMs;
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (!(error instanceof DifyError)) throw error;
    return context.limits.lookupAtEndMs;
  }
};

/**
 * Looks for the run of a request whose answer never came, by its end user, in
 * `GET /v1/workflows/logs?created_by_end_user_session_id=`. Waits until the request is `lookupMs` old.
 * True when the run was found and noted.
 *
 * What remains: Dify writes the row when a worker takes the run up. A run that waits in Dify's queue for
 * longer than `lookupMs`, whose announcement was lost as well, is not found, and is asked for again. Dify
 * has no idempotency key that would close this; a longer `lookupMs` makes it smaller.
 */
export const lookUpRun = async (context: RunContext): Promise<boolean> => {
  const entry = context.record.current();
  if (entry.state !== "intent") return entry.state === "started";
  const untilMs = entry.atMs + (await lookupWindowMs(context));
  for (;;) {
    const workflowRunId = await context.api.findRun(entry.user, context.life.signal);
    if (workflowRunId !== null) {
      await context.record.start(workflowRunId, null, entry.atMs);
      context.logger.info({ runId: context.request.runId, workflowRunId }, "lost run found in dify's log");
      return true;
    }
    const leftMs = untilMs - context.clock.now();
    if (leftMs <= 0) return false;
    await context.clock.sleep(Math.min(leftMs, context.limits.pollMs), context.life.signal);
  }
};
