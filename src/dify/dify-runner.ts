import type { CallGate } from "../base/call-gate.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { describeError, DifyError } from "../base/errors.ts";
import { outsideFence } from "../base/fence.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { Peer } from "../base/outside.ts";
import type { Secret } from "../base/secret.ts";
import { message } from "../messages/message.ts";
import { RunCancelled, type FlowOutcome, type FlowRequest, type FlowRunner } from "../review/flow-runner.ts";
import type { InputVariable } from "../flow/nodes/start/schema.ts";
import { checkKind } from "./check-kind.ts";
import { createDifyApi, type DifyApi, type RunBody } from "./dify-api.ts";
import { DifyConnectionError, NOT_UNDERSTOOD } from "./dify-transport.ts";
import { createFrameReader } from "./flow-events.ts";
import { followRun, LEAST_REMAINING_MS, readRun } from "./follow-run.ts";
import { concurrencyLimitOf, withAdvice } from "./dify-failure.ts";
import { parseInputForm, prepareInputs, toFlowInput } from "./input-form.ts";
import { DEFAULT_LIMITS, type DifyLimits } from "./limits.ts";
import { hasBegun, lookUpRun } from "./look-up-run.ts";
import { createMasking } from "../review/mask-events.ts";
import { createRunObserver } from "../review/observe-run.ts";
import { endUserOf, releaseTransient } from "./new-try.ts";
import { emit, endPaused, outcomeOf, type RunContext } from "./run-context.ts";
import { createRunLife } from "./run-life.ts";
import { openRunRecord } from "./run-record.ts";
import { leftRunning, stopOnDify } from "./stop-run.ts";

/** For how long the inputs that a flow declares are believed. */
const DECLARED_FOR_MS = 60_000;

/** Which app of which Dify runs the flow, and how we talk to it. */
export type DifyRunnerOptions = {
  /** Dify's address, with or without `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: Secret;
  /** A certain published version, null for the newest. */
  readonly workflowId?: string | null;
  /** Blocking calls end at proxies after about a minute; streaming is the default. */
  readonly mode?: "streaming" | "blocking";
  /** What the end user's name starts with; our run's id follows. */
  readonly userPrefix?: string;
  readonly limits?: Partial<DifyLimits>;
  /** What is waited for where a model behind the app failed; left out where nobody would wait. */
  readonly peer?: Peer;
  /** What requests to this server pass, so that all who use it keep to its limits together. */
  readonly gate?: CallGate;
  readonly clock?: Clock;
  readonly logger?: Logger;
};

/**
 * A FlowRunner that runs the flow on a Dify server, through its Service API. A run is asked for once:
 * the journal notes the intent before the request and the run's names as soon as Dify tells them, and
 * whatever breaks, the run is looked up (see lookUpRun for what that cannot close) and followed to its
 * end. A failed flow is an outcome; DifyError is thrown when Dify could not be asked or did not answer.
 */
export const createDifyRunner = (options: DifyRunnerOptions): FlowRunner => {
  const limits: DifyLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const clock = options.clock ?? systemClock;
  const api = createDifyApi({
    baseUrl: options.baseUrl,
    apiKey: options.apiKey,
    connectMs: limits.connectMs,
    answerMs: limits.answerMs,
    blockingMs: limits.totalMs,
    clock,
    ...(options.gate === undefined ? {} : { gate: options.gate }),
  });
  const declared = cacheDeclared(api, clock);
  const prefix = options.userPrefix ?? "reviewflow";
  const mode = options.mode ?? "streaming";

  const runToEnd = async (context: RunContext): Promise<FlowOutcome> => {
    using life = context.life;
    const { signal } = context.request;
    try {
      life.signal.throwIfAborted();
      return await releaseTransient(context, await proceed(context, mode, declared));
    } catch (error) {
      if (!signal.aborted) throw await afterFailure(context, error);
      const reason: unknown = signal.reason;
      if (!(reason instanceof RunCancelled)) throw reason;
      const stop = async (): Promise<RunCancelled> => leftRunning(reason, await stopOnDify(context));
      // A run that was settled while it waited in Dify's queue has no lease any more, and nobody takes it up.
      throw await (context.record.isDetached() ? outsideFence(stop) : stop());
    }
  };
  const run = async (request: FlowRequest): Promise<FlowOutcome> => {
    const logger = options.logger ?? silentLogger;
    const record = await openRunRecord(request.journal);
    const user = await endUserOf(request.journal, `${prefix}-${request.runId}`);
    const life = createRunLife(request.signal, limits);
    const reader = createFrameReader();
    const masking = createMasking(request.inputs);
    const workflowId = options.workflowId ?? null;
    const ours = { user, record, reader, masking, observer: createRunObserver(options.peer ?? null), life };
    const context: RunContext = { api, clock, logger, limits, workflowId, request, ...ours };
    const work = runToEnd(context);
    const outcome = await Promise.race([work, life.abandoned]);
    if (outcome !== undefined) return outcome;
    // The request is in Dify's queue and cannot be taken back; its run is stopped as soon as it begins.
    record.detach();
    logger.warn({ runId: request.runId }, "dify run is left in its queue, to be stopped when it begins");
    work.catch((error: unknown) =>
      logger.info({ runId: request.runId, cause: describeError(error) }, "queued dify run ended"),
    );
    const reason: unknown = request.signal.reason;
    throw reason instanceof RunCancelled ? leftRunning(reason, message("dify.left-in-queue")) : reason;
  };
  const describe: FlowRunner["describe"] = async (signal) => {
    const inputs = await declared(signal, "fresh");
    await checkKind(api, signal);
    return inputs.flatMap(toFlowInput);
  };
  return { describe, run };
};

type Declared = (signal?: AbortSignal, age?: "fresh") => Promise<readonly InputVariable[]>;

const cacheDeclared = (api: DifyApi, clock: Clock): Declared => {
  let known: { readonly inputs: readonly InputVariable[]; readonly atMs: number } | null = null;
  return async (signal, age) => {
    if (age === "fresh" || known === null || clock.now() - known.atMs > DECLARED_FOR_MS) {
      const { user_input_form } = await api.parameters(signal);
      known = { inputs: parseInputForm(user_input_form ?? []), atMs: clock.now() };
    }
    return known.inputs;
  };
};

type Mode = "streaming" | "blocking";

/** Goes on with the run that the journal knows, or asks for one. */
const proceed = async (context: RunContext, mode: Mode, declared: Declared): Promise<FlowOutcome> => {
  const { clock, life, limits, logger, record, request, user } = context;
  const before = record.current();
  if (before.state === "intent" || before.state === "queued") {
    // However long this process was away, Dify's log is asked first: the run may have ended meanwhile.
    const leftMs = before.atMs + limits.queueMs - clock.now();
    life.queued(Math.max(leftMs, Math.min(LEAST_REMAINING_MS, limits.queueMs)));
  }
  if (await lookUpRun(context)) return followRun(context);
  const inputs = prepareInputs(await declared(life.signal), request.inputs);
  await record.intend({ user, mode, atMs: clock.now() });
  life.queued(limits.queueMs);
  try {
    const ended = await ask(context, mode, { inputs, user, response_mode: mode });
    if (ended !== null) return ended;
  } catch (error) {
    life.signal.throwIfAborted();
    if (!(error instanceof DifyError)) throw error;
    if (error.code === NOT_UNDERSTOOD && (await isInLog(context))) return await followRun(context);
    if (isRefusal(error) && record.current().state === "intent") await record.clear();
    if (mode === "streaming" && concurrencyLimitOf(error) === 1) throw neverAllowed(error);
    if (record.current().state !== "intent" || !isAnswerLost(error, mode)) throw error;
    logger.warn({ runId: request.runId, code: error.code }, "dify's answer was lost");
  } finally {
    life.naming(false);
  }
  if (await lookUpRun(context)) return followRun(context);
  throw new DifyError(message("dify.answer-lost"), {
    code: "dify-answer-lost",
    status: null,
    retryable: true,
  });
};

/** Whether Dify's log knows the run; false where it cannot be read either. */
const isInLog = async (context: RunContext): Promise<boolean> => {
  try {
    return await hasBegun(context);
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (error instanceof DifyError) return false;
    throw error;
  }
};

/** Asks for the run; null when the answer ended before the run did. */
const ask = async (context: RunContext, mode: Mode, body: RunBody): Promise<FlowOutcome | null> => {
  const { api, clock, life, reader, record, workflowId } = context;
  if (mode === "streaming") {
    life.naming(true);
    const stream = await api.startStream(workflowId, body, life.signal);
    await record.queue();
    return readRun(context, stream);
  }
  const answer = await api.runBlocking(workflowId, body, life.signal);
  await record.start(answer.workflow_run_id, answer.task_id, clock.now());
  emit(context, {
    event: "workflow_started",
    workflowRunId: answer.workflow_run_id,
    taskId: answer.task_id,
  });
  if (answer.data.status === "paused") return endPaused(context);
  const event = reader.finish(answer.data);
  emit(context, event);
  return outcomeOf(context, event);
};

/** A streaming run counts twice, so that a limit of 1 refuses each one for ever (seen on Dify 1.14.2). */
const neverAllowed = (cause: DifyError): DifyError =>
  new DifyError(message("dify.one-at-once"), {
    code: "dify-concurrency-limit",
    status: cause.status,
    retryable: false,
    cause,
  });

/** Whether Dify certainly did not begin the run: it said no, or the request never reached it. */
const isRefusal = (error: DifyError): boolean =>
  (error instanceof DifyConnectionError && error.neverSent) ||
  (error.status !== null && error.status < 500 && error.status !== 408);

/** Whether the run may have begun although we were told otherwise, or nothing. */
const isAnswerLost = (error: DifyError, mode: Mode): boolean => {
  if (error instanceof DifyConnectionError) return !error.neverSent;
  return (error.status ?? 0) >= 500 && (mode === "blocking" || error.code.startsWith("dify-http-"));
};

/** A run that outlived its limit is ended on Dify's side too, where it can be. */
const afterFailure = async (context: RunContext, error: unknown): Promise<unknown> => {
  if (!(error instanceof DifyError) || error.code !== "dify-run-timeout") return error;
  const remains = await stopOnDify(context);
  if (remains === null) return error;
  const what = withAdvice(error.what, "", remains);
  return new DifyError(what, { code: error.code, status: null, retryable: false, cause: error });
};
