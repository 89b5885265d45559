import type { CallGate } from "../base/call-gate.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { DifyError } from "../base/errors.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import {
  RunCancelled,
  type FlowInput,
  type FlowOutcome,
  type FlowRequest,
  type FlowRunner,
} from "../review/flow-runner.ts";
import { createDifyApi, type DifyApi } from "./dify-api.ts";
import { DifyConnectionError } from "./dify-transport.ts";
import { createFrameReader } from "./flow-events.ts";
import { followRun, readRun } from "./follow-run.ts";
import { parseInputForm, writeAsDeclared } from "./input-form.ts";
import { DEFAULT_LIMITS, type DifyLimits } from "./limits.ts";
import { lookUpRun } from "./look-up-run.ts";
import { createMasking } from "../review/mask-events.ts";
import { emit, endPaused, outcomeOf, type RunContext } from "./run-context.ts";
import { createRunLife } from "./run-life.ts";
import { openRunRecord } from "./run-record.ts";
import { stopRun } from "./stop-run.ts";

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

  const run = async (request: FlowRequest): Promise<FlowOutcome> => {
    const user = `${prefix}-${request.runId}`;
    using life = createRunLife(request.signal, limits);
    const context: RunContext = {
      api,
      clock,
      logger: options.logger ?? silentLogger,
      limits,
      workflowId: options.workflowId ?? null,
      mode: options.mode ?? "streaming",
      user,
      request,
      record: await openRunRecord(request.journal, user),
      reader: createFrameReader(),
      masking: createMasking(request.inputs),
      life,
    };
    try {
      return await proceed(context, declared);
    } catch (error) {
      if (!request.signal.aborted) throw await afterFailure(context, error);
      const reason: unknown = request.signal.reason;
      throw reason instanceof RunCancelled ? await stopRun(context, reason) : reason;
    }
  };
  return { describe: (signal) => declared(signal, "fresh"), run };
};

type Declared = (signal?: AbortSignal, age?: "fresh") => Promise<readonly FlowInput[]>;

const cacheDeclared = (api: DifyApi, clock: Clock): Declared => {
  let known: { readonly inputs: readonly FlowInput[]; readonly atMs: number } | null = null;
  return async (signal, age) => {
    if (age === "fresh" || known === null || clock.now() - known.atMs > DECLARED_FOR_MS) {
      const { user_input_form } = await api.parameters(signal);
      known = { inputs: parseInputForm(user_input_form ?? []), atMs: clock.now() };
    }
    return known.inputs;
  };
};

/** Goes on with the run that the journal knows, or asks for one. */
const proceed = async (context: RunContext, declared: Declared): Promise<FlowOutcome> => {
  context.life.signal.throwIfAborted();
  if (await lookUpRun(context)) return followRun(context);
  const inputs = writeAsDeclared(await declared(context.life.signal), context.request.inputs);
  await context.record.intend(context.user, context.clock.now());
  try {
    const ended = await ask(context, { inputs, user: context.user, response_mode: context.mode });
    if (ended !== null) return ended;
  } catch (error) {
    context.life.signal.throwIfAborted();
    if (!(error instanceof DifyError)) throw error;
    if (isRefusal(error) && context.record.current().state === "intent") await context.record.clear();
    if (context.record.current().state === "started" || !isAnswerLost(context, error)) throw error;
    context.logger.warn({ runId: context.request.runId, code: error.code }, "dify's answer was lost");
  } finally {
    context.life.asking(false);
  }
  if (await lookUpRun(context)) return followRun(context);
  throw new DifyError(
    "Dify's answer to the run was lost and its log knows no such run; it is looked for again",
    {
      code: "dify-answer-lost",
      status: null,
      retryable: true,
    },
  );
};

type Body = Parameters<DifyApi["startStream"]>[1];

/** Asks for the run; null when the answer ended before the run did. */
const ask = async (context: RunContext, body: Body): Promise<FlowOutcome | null> => {
  context.life.asking(context.mode === "streaming");
  if (context.mode === "streaming") {
    return readRun(context, await context.api.startStream(context.workflowId, body, context.life.signal));
  }
  const answer = await context.api.runBlocking(context.workflowId, body, context.life.signal);
  await context.record.start(answer.workflow_run_id, answer.task_id, context.clock.now());
  emit(context, {
    event: "workflow_started",
    workflowRunId: answer.workflow_run_id,
    taskId: answer.task_id,
  });
  if (answer.data.status === "paused") return endPaused(context);
  const event = context.reader.finish(answer.data);
  emit(context, event);
  return outcomeOf(context, event);
};

/** Whether Dify certainly did not begin the run: it said no, or the request never reached it. */
const isRefusal = (error: DifyError): boolean =>
  (error instanceof DifyConnectionError && error.neverSent) ||
  (error.status !== null && error.status < 500 && error.status !== 408);

/** Whether the run may have begun although we were told otherwise, or nothing. */
const isAnswerLost = (context: RunContext, error: DifyError): boolean => {
  if (error instanceof DifyConnectionError) return !error.neverSent;
  return (error.status ?? 0) >= 500 && (context.mode === "blocking" || error.code.startsWith("dify-http-"));
};

/** A run that outlived its limit is ended on Dify's side too, where it can be. */
const afterFailure = async (context: RunContext, error: unknown): Promise<unknown> => {
  if (!(error instanceof DifyError) || error.code !== "dify-run-timeout") return error;
  const left = await stopRun(context, new RunCancelled(error.message));
  return left.message === error.message
    ? error
    : new DifyError(left.message, { code: error.code, status: null, retryable: false, cause: error });
};
