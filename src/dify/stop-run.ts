import { withDetail } from "../base/reason.ts";
import { inEnglish, messageOfError, StoreError } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import { pollBy } from "../base/retry.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import { endWhenSilent, liveTaskId, readFrames } from "./event-stream.ts";
import { flowStatusOf } from "./flow-events.ts";
import type { RunContext } from "./run-context.ts";

const ENDED = new Set(["succeeded", "failed", "stopped", "partial-succeeded"]);

type Stopped = { readonly stopped: true } | { readonly stopped: false; readonly why: Message };

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
  if (asked.mode === "blocking") return { stopped: false, why: message("dify.not-stopped.blocking") };
  if (asked.state !== "started") {
    const found = await api.findRun(asked.user, signal);
    if (found === null) return { stopped: false, why: message("dify.not-stopped.unnamed") };
    await record.start(found.workflowRunId, null, asked.atMs);
  }
  const entry = record.current();
  if (entry.state !== "started") return { stopped: true };
  const taskId = entry.taskId ?? (await learnTaskId(context, entry, signal));
  if (taskId !== null) await api.stop(taskId, entry.user, signal);
  const look = async (): Promise<boolean | null> =>
    ENDED.has(flowStatusOf(await api.detail(entry.workflowRunId, signal))) || null;
  const pauseMs = (): number | null => (taskId === null ? null : context.limits.pollMs);
  const hasEnded = await pollBy(look, { pauseMs, clock: context.clock, signal });
  return hasEnded === null ? { stopped: false, why: message("dify.not-stopped.no-task") } : { stopped: true };
};

/**
 * Ends a run on Dify's side and sees to it that it has ended, within `stopMs`. Returns what remains of it
 * there, for those who run the server; null when it has ended.
 */
export const stopOnDify = async (context: RunContext): Promise<Message | null> => {
  const limit = new AbortController();
  const ms = context.limits.stopMs;
  const timer = setTimeout(() => limit.abort(), ms);
  let result: Stopped;
  try {
    result = await stopAndSee(context, limit.signal);
  } catch (error) {
    // A connection that breaks is no DifyError yet where a stream is read; a lost lease is the caller's to hear.
    if (!limit.signal.aborted && error instanceof StoreError) throw error;
    const why = limit.signal.aborted ? message("dify.not-stopped.went-on", { ms }) : messageOfError(error);
    result = { stopped: false, why };
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
  if (result.stopped) return null;
  context.logger.warn(
    { runId: context.request.runId, why: inEnglish(result.why) },
    "dify run was not stopped",
  );
  return message("dify.not-stopped", { why: result.why });
};

/** A cancel with what remains of the run on Dify; as it was where that is nothing. */
export const leftRunning = (cancelled: RunCancelled, remains: Message | null): RunCancelled =>
  remains === null ? cancelled : new RunCancelled(withDetail(cancelled.reason, remains), cancelled);
