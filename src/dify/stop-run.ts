import { describeError, StoreError } from "../base/errors.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import { endWhenSilent, liveTaskId, readFrames } from "./event-stream.ts";
import { flowStatusOf } from "./flow-events.ts";
import type { RunContext } from "./run-context.ts";

const ENDED = new Set(["succeeded", "failed", "stopped", "partial-succeeded"]);

type Stopped = { readonly stopped: true } | { readonly stopped: false; readonly why: string };

/**
 * The task id from the run's live frames, which are the only place that tells it: null when the run ends
 * before another one comes.
 */
const learnTaskId = async (
  { api, limits, logger }: RunContext,
  { workflowRunId, user }: { readonly workflowRunId: string; readonly user: string },
  signal: AbortSignal,
): Promise<string | null> => {
  const stream = await api.events(workflowRunId, user, signal);
  for await (const { frame } of readFrames(stream, limits.stopMs, logger, endWhenSilent)) {
    const taskId = liveTaskId(frame);
    if (taskId !== null) return taskId;
  }
  return null;
};

const stopAndSee = async (context: RunContext, signal: AbortSignal): Promise<Stopped> => {
  const { api, record } = context;
  const asked = record.current();
  if (asked.state === "none") return { stopped: true };
  // Blocking runs publish no live events, so that nobody learns their task id before they end.
  if (asked.mode === "blocking")
    return { stopped: false, why: "it runs in blocking mode, in which Dify cannot stop a run" };
  if (asked.state !== "started") {
    const found = await api.findRun(asked.user, signal);
    if (found === null) return { stopped: false, why: "Dify has not named the run yet" };
    await record.start(found.workflowRunId, null, asked.atMs);
  }
  const entry = record.current();
  if (entry.state !== "started") return { stopped: true };
  const taskId = entry.taskId ?? (await learnTaskId(context, entry, signal));
  if (taskId !== null) await api.stop(taskId, entry.user, signal);
  for (;;) {
    const state = await api.detail(entry.workflowRunId, signal);
    if (ENDED.has(flowStatusOf(state))) return { stopped: true };
    if (taskId === null) return { stopped: false, why: "its task id is not known" };
    await context.clock.sleep(context.limits.pollMs, signal);
  }
};

/**
 * Ends a cancelled run on Dify's side too and sees to it that it has ended, within `stopMs`. Gives back
 * what the run is to be rejected with: the reason itself, or a RunCancelled that also says that Dify went on.
 */
export const stopRun = async (context: RunContext, reason: RunCancelled): Promise<RunCancelled> => {
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`it went on for ${context.limits.stopMs} ms after it was asked to stop`)),
    context.limits.stopMs,
  );
  let result: Stopped;
  try {
    result = await stopAndSee(context, limit.signal);
  } catch (error) {
    // A connection that breaks is no DifyError yet where a stream is read; a lost lease is the caller's to hear.
    if (!limit.signal.aborted && error instanceof StoreError) throw error;
    result = { stopped: false, why: describeError(limit.signal.aborted ? limit.signal.reason : error) };
  } finally {
    clearTimeout(timer);
    limit.abort(reason);
  }
  if (result.stopped) return reason;
  context.logger.warn({ runId: context.request.runId, why: result.why }, "dify run was not stopped");
  return leftRunning(reason, `the run on Dify could not be stopped: ${result.why}`);
};

/** The reason of a cancel, with what remains of the run on Dify. */
export const leftRunning = (reason: RunCancelled, remark: string): RunCancelled => {
  const cancelled = new RunCancelled(`${reason.message}; ${remark}`);
  cancelled.cause = reason;
  return cancelled;
};
