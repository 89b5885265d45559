import { describeError, DifyError } from "../base/errors.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import { readFrames } from "./event-stream.ts";
import { flowStatusOf } from "./flow-events.ts";
import type { RunContext } from "./run-context.ts";

const ENDED = new Set(["succeeded", "failed", "stopped", "partial-succeeded"]);

type Stopped = { readonly stopped: true } | { readonly stopped: false; readonly why: string };

/** The task id, from the journal or from the run's event stream, the only other place that tells it. */
const learnTaskId = async (context: RunContext, signal: AbortSignal): Promise<string | null> => {
  const entry = context.record.current();
  if (entry.state !== "started") return null;
  if (entry.taskId !== null) return entry.taskId;
  const stream = await context.api.events(entry.workflowRunId, entry.user, signal, "snapshot");
  for await (const { frame } of readFrames(stream, context.limits.stopMs, context.logger)) {
    if (frame.task_id) return frame.task_id;
  }
  return null;
};

const stopAndSee = async (context: RunContext, signal: AbortSignal): Promise<Stopped> => {
  const first = context.record.current();
  if (first.state === "none") return { stopped: true };
  if (first.state === "intent") {
    const found = await context.api.findRun(first.user, signal);
    if (found === null) return { stopped: false, why: "Dify has not told the run's name" };
    await context.record.start(found, null, first.atMs);
  }
  const taskId = await learnTaskId(context, signal);
  const entry = context.record.current();
  if (taskId === null || entry.state !== "started")
    return { stopped: false, why: "its task id is not known" };
  await context.api.stop(taskId, entry.user, signal);
  for (;;) {
    const state = await context.api.detail(entry.workflowRunId, signal);
    if (ENDED.has(flowStatusOf(state))) return { stopped: true };
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
    if (!limit.signal.aborted && !(error instanceof DifyError)) throw error;
    result = { stopped: false, why: describeError(limit.signal.aborted ? limit.signal.reason : error) };
  } finally {
    clearTimeout(timer);
    limit.abort(reason);
  }
  if (result.stopped) return reason;
  context.logger.warn({ runId: context.request.runId, why: result.why }, "dify run was not stopped");
  const told = new RunCancelled(`${reason.message}; the run on Dify could not be stopped: ${result.why}`);
  told.cause = reason;
  return told;
};
