import { withDetail } from "../base/reason.ts";
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
 * Ends a run on Dify's side and sees to it that it has ended, within `stopMs`. Returns what remains of it
 * there, for those who run the server; null when it has ended.
 */
export const stopOnDify = async (context: RunContext): Promise<string | null> => {
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
    limit.abort(new Error("the run was stopped"));
  }
  if (result.stopped) return null;
  context.logger.warn({ runId: context.request.runId, why: result.why }, "dify run was not stopped");
  return `the run on Dify could not be stopped: ${result.why}`;
};

/** A cancel with what remains of the run on Dify; as it was where that is nothing. */
export const leftRunning = (cancelled: RunCancelled, remains: string | null): RunCancelled =>
  remains === null ? cancelled : new RunCancelled(withDetail(cancelled.reason, remains), cancelled);
