import { DifyError } from "../base/errors.ts";
import { pollBy } from "../base/retry.ts";
import { message } from "../messages/message.ts";
import type { FlowOutcome } from "../review/flow-runner.ts";
import type { DifyStream } from "./dify-transport.ts";
import { failureFromDify } from "./dify-failure.ts";
import { endWhenSilent, liveTaskId, readFrames, type Frame } from "./event-stream.ts";
import { flowStatusOf } from "./flow-events.ts";
import { hasBegun, passingFailureMs } from "./look-up-run.ts";
import { emit, endPaused, outcomeOf, type RunContext } from "./run-context.ts";

/** What a run that is taken up late is given at least. */
export const LEAST_REMAINING_MS = 30_000;

/** Notes the run's names before anything else is done with the frame that told them. */
const adopt = async (context: RunContext, { frame }: Frame): Promise<void> => {
  if (!frame.workflow_run_id) return;
  const isNew = context.record.current().state !== "started";
  await context.record.start(frame.workflow_run_id, liveTaskId(frame), context.clock.now());
  if (isNew) context.life.started(context.limits.totalMs);
  context.life.named();
};

/**
 * A run that waits in Dify's queue is silent: its stream is held as long as the queue's limit allows. One that
 * the log knows has begun, and is not silent: its stream gets one more chance, for only that tells the task id.
 */
const onSilence = async (context: RunContext): Promise<void> => {
  if (context.record.current().state === "started") return endWhenSilent();
  try {
    if (await hasBegun(context)) context.life.started(context.limits.totalMs);
  } catch (error) {
    if (!(error instanceof DifyError)) throw error;
    context.logger.debug({ code: error.code }, "dify's log was not readable while a run is queued");
  }
};

/**
 * Reads a run's events to its end. Null when the stream ended or broke before: the run itself may well go
 * on. An `error` frame is thrown as DifyError and ends the stream by our hand, for Dify leaves it open; when
 * the run had not begun, nothing of it is left to be looked for.
 */
export const readRun = async (context: RunContext, stream: DifyStream): Promise<FlowOutcome | null> => {
  const { limits, logger, record } = context;
  try {
    for await (const frame of readFrames(stream, limits.idleMs, logger, () => onSilence(context))) {
      await adopt(context, frame);
      context.life.signal.throwIfAborted();
      const event = context.reader.read(frame);
      if (event === null) {
        logger.debug({ event: frame.frame.event }, "dify event skipped");
        continue;
      }
      emit(context, event);
      if (event.event === "workflow_paused") return await endPaused(context);
      if (event.event === "workflow_finished") return outcomeOf(context, event);
      if (event.event === "error") {
        const said = context.masking.failure(event.message);
        const failure = failureFromDify(
          "POST /workflows/run",
          { ...event, message: said },
          { status: event.status },
        );
        if (record.current().state !== "started") await record.clear();
        throw failure;
      }
    }
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (error instanceof DifyError) throw error;
    logger.warn({ runId: context.request.runId, cause: String(error) }, "dify stream broke");
    return null;
  }
  context.life.signal.throwIfAborted();
  return null;
};

/** Since when Dify has not known a run that it announced, in milliseconds since the epoch; null while it does. */
type Missing = { sinceMs: number | null };

/** A look at the run; null while it goes on, or is not known yet. */
const look = async (
  context: RunContext,
  workflowRunId: string,
  missing: Missing,
): Promise<FlowOutcome | null> => {
  try {
    const state = await context.api.detail(workflowRunId, context.life.signal);
    missing.sinceMs = null;
    if (flowStatusOf(state) === "paused") return await endPaused(context);
    const event = context.reader.finish(state);
    const outcome = outcomeOf(context, event);
    if (outcome !== null) emit(context, event);
    return outcome;
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (error instanceof DifyError && error.status === 404)
      return tolerateMissing(context, workflowRunId, missing, error);
    throw error;
  }
};

/** Dify writes a run's row a little after it announced the run, so that it may be missing at first. */
const tolerateMissing = (
  context: RunContext,
  workflowRunId: string,
  missing: Missing,
  cause: DifyError,
): null => {
  missing.sinceMs ??= context.clock.now();
  if (context.clock.now() - missing.sinceMs < context.limits.lookupMs) return null;
  throw new DifyError(message("dify.run-unknown", { run: workflowRunId }), {
    code: "dify-run-unknown",
    status: 404,
    retryable: false,
    cause,
  });
};

/**
 * Follows a run that Dify has begun until it has ended: looks at it, joins its event stream again where
 * Dify offers that (1.13 and later), and looks again. It is never started a second time.
 */
export const followRun = async (context: RunContext): Promise<FlowOutcome> => {
  const { clock, life, limits } = context;
  const entry = context.record.current();
  if (entry.state !== "started") throw new Error("a run is followed only after its start");
  const age = clock.now() - entry.atMs;
  life.started(Math.max(limits.totalMs - age, Math.min(LEAST_REMAINING_MS, limits.totalMs)));
  life.named();
  const missing: Missing = { sinceMs: null };
  let canRejoin = true;
  const lookOrRejoin = async (): Promise<FlowOutcome | null> => {
    const seen = await look(context, entry.workflowRunId, missing);
    if (seen !== null || !canRejoin || missing.sinceMs !== null) return seen;
    const { outcome, offered } = await rejoin(context, entry.workflowRunId, entry.user);
    canRejoin = offered;
    return outcome;
  };
  const ended = await pollBy(lookOrRejoin, {
    pauseMs: () => limits.pollMs,
    afterFailureMs: passingFailureMs,
    clock,
    signal: life.signal,
  });
  if (ended === null) throw new Error("a run is followed to its end");
  return ended;
};

const rejoin = async (
  context: RunContext,
  workflowRunId: string,
  user: string,
): Promise<{ readonly outcome: FlowOutcome | null; readonly offered: boolean }> => {
  try {
    const stream = await context.api.events(workflowRunId, user, context.life.signal);
    return { outcome: await readRun(context, stream), offered: true };
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (!(error instanceof DifyError)) throw error;
    // Whatever ails the event stream, the looks at the run decide.
    context.logger.debug({ workflowRunId, code: error.code }, "dify run cannot be rejoined");
    return { outcome: null, offered: error.retryable };
  }
};
