import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { FlowError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { type Journal, scopeJournal } from "../../base/journal.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
import type { ExactObject } from "../exact.ts";
import type { Flow } from "../flow.ts";
import type { FlowEvent, FlowUsage } from "../flow-event.ts";
import type { FlowPorts } from "../node.ts";
import type { FailureCause, ModelClient } from "../ports.ts";
import { plainValues } from "../value-text.ts";
import { exactOf } from "../value-type.ts";
import { type Conversation, initialPool } from "./initial-pool.ts";
import { DIFY_LIMITS, type FlowLimits, stepLimitReason, RunStopped, timeReason } from "./limits.ts";
import { createMask } from "./mask.ts";
import { type FramePlan, planFrame } from "./plan.ts";
import { createResponseStream } from "./response-stream.ts";
import { ROOT_SCOPE, type RunContext } from "./run-context.ts";
import { type FrameResult, runFrame } from "./run-frame.ts";
import { openStepJournal } from "./step-journal.ts";
import { createUsageMeter, type UsageMeter } from "./usage-meter.ts";
import { validateInputs } from "./validate-inputs.ts";
import { type FlowMessage, flowMessage, mapTexts } from "../messages/message.ts";

/** What a run is given. */
export type RunFlowOptions = {
  readonly inputs: JsonObject;
  readonly ports: FlowPorts;
  /** What is finished is kept in it; a run with a journal that has entries goes on behind them. */
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly onEvent: (event: FlowEvent) => void;
  readonly clock: Clock;
  /** Dify's when left out. */
  readonly limits?: Partial<FlowLimits>;
  /** The values of `env.` secrets, by name. */
  readonly secrets?: ReadonlyMap<string, Secret>;
  /** Becomes `sys.workflow_run_id`; a new id when left out. */
  readonly runId?: string;
  /** Becomes `sys.user_id`. */
  readonly userId?: string;
  /** What the user of a chat says; the input `query` when left out. */
  readonly query?: string;
  /** The files that come with it (`sys.files`), in the form of file inputs. */
  readonly files?: readonly JsonObject[];
  /** What was said before in a chat; a new conversation when left out. */
  readonly conversation?: Conversation;
  /** Told the `conversation.` variables as the run leaves them; not called for one that is stopped. */
  readonly onConversation?: (variables: Conversation["variables"]) => void;
  /** How many flows have called one another to come here. */
  readonly callDepth?: number;
  /**
   * Whether an abort with this reason ends the run itself, which is then `stopped`. Other reasons mean
   * that only this process stops, and `runFlow` rejects with them. None does when left out.
   */
  readonly endsRun?: (reason: unknown) => boolean;
};

/** How a run ended. */
export type FlowRunResult = {
  readonly status: "succeeded" | "partial-succeeded" | "failed" | "stopped";
  readonly outputs: JsonObject;
  /** The outputs with the numbers that JSON loses. */
  readonly exact: ExactObject;
  readonly error: FlowMessage | null;
  /** What the failure that ended the run tells besides; left out where no port has failed. */
  readonly cause?: FailureCause | undefined;
  readonly usage: FlowUsage;
};

const RunRecord = z.object({ workflowRunId: z.string(), startedAtMs: z.number() });
type RunRecord = z.infer<typeof RunRecord>;

/** The facts of a run that must be the same when it is taken up. */
const openRunRecord = async (options: RunFlowOptions): Promise<RunRecord> => {
  const known = RunRecord.safeParse(await options.journal.read("run"));
  if (known.success) return known.data;
  const startedAtMs = options.clock.now();
  const record: RunRecord = { workflowRunId: options.runId ?? newId(startedAtMs), startedAtMs };
  await options.journal.write("run", record);
  return record;
};

/** The time of a run that counts towards its limit: without what it waits for a place in a queue of ours. */
const createRunTime = (clock: Clock) => {
  const startedAt = clock.now();
  let queued = 0;
  let queuedSince = startedAt;
  let uncountedMs = 0;
  return {
    isStanding: () => queued > 0,
    countedMs: () => (queued > 0 ? queuedSince : clock.now()) - startedAt - uncountedMs,
    enterQueue: (): (() => void) => {
      if (queued === 0) queuedSince = clock.now();
      queued += 1;
      return () => {
        queued -= 1;
        if (queued === 0) uncountedMs += clock.now() - queuedSince;
      };
    },
  };
};
type RunTime = ReturnType<typeof createRunTime>;

/** How often the time is read again while it stands still, in milliseconds. */
const STANDING_MS = 1_000;

/** Stops the run when its time is up; stops waiting when `done` is aborted. */
const watchTime = async (
  { clock }: RunFlowOptions,
  limits: FlowLimits,
  time: RunTime,
  stop: AbortController,
  done: AbortSignal,
): Promise<void> => {
  try {
    for (;;) {
      const counted = time.countedMs();
      if (counted >= limits.maxMs) {
        stop.abort(new RunStopped(timeReason(limits, counted)));
        return;
      }
      await clock.sleep(Math.max(limits.maxMs - counted, time.isStanding() ? STANDING_MS : 0), done);
    }
  } catch {
    // The run ended first.
  }
};

const createPlans = (flow: Flow, limits: FlowLimits): RunContext["planOf"] => {
  const plans = new Map<string | null, FramePlan>();
  return (containerId, startNodeId) => {
    const plan = plans.get(containerId) ?? planFrame(flow, containerId, startNodeId, limits.parallelBranches);
    plans.set(containerId, plan);
    return plan;
  };
};

const createContext = async (
  flow: Flow,
  options: RunFlowOptions,
  limits: FlowLimits,
  stop: AbortController,
  done: AbortSignal,
  meter: UsageMeter,
  time: RunTime,
): Promise<RunContext> => {
  let steps = 0;
  return {
    flow,
    ports: { ...options.ports, model: queueAside(options.ports.model, time) },
    clock: options.clock,
    limits,
    signal: AbortSignal.any([options.signal, stop.signal]),
    emit: (event) => {
      if (!done.aborted) options.onEvent(event);
    },
    countUsage: meter.add,
    steps: await openStepJournal(options.journal, flow.digest),
    journalOf: (stepKey) => scopeJournal(options.journal, `within/${flow.digest.slice(0, 16)}/${stepKey}/`),
    callDepth: options.callDepth ?? 0,
    turns: options.conversation?.turns ?? [],
    mask: createMask(options.secrets?.values() ?? []),
    planOf: createPlans(flow, limits),
    countStep: () => {
      steps += 1;
    },
    checkLimits: () => {
      const reason = stepLimitReason(steps, limits);
      if (reason !== null) stop.abort(new RunStopped(reason));
    },
  };
};

/** A model client whose queue costs the run no time. */
const queueAside = (model: ModelClient, time: RunTime): ModelClient => ({
  generate: (request) => model.generate({ ...request, onQueued: time.enterQueue }),
});

const resultOf = (frame: FrameResult, usage: FlowUsage): FlowRunResult => {
  const { error, cause } = frame;
  const outputs = plainValues(frame.outputs);
  const exact = Object.fromEntries(
    Object.entries(frame.outputs).map(([name, variable]) => [name, exactOf(variable)]),
  );
  if (error !== null) return { status: "failed", outputs, exact, error, usage, cause };
  return { status: frame.failures > 0 ? "partial-succeeded" : "succeeded", outputs, exact, error, usage };
};

/** The result of a run that was stopped; rethrows what stops no run. */
const stoppedResult = (error: unknown, options: RunFlowOptions, usage: FlowUsage): FlowRunResult => {
  if (error instanceof RunStopped)
    return { status: "stopped", outputs: {}, exact: {}, error: error.what, usage };
  if (options.signal.aborted && options.endsRun?.(options.signal.reason) === true) {
    return {
      status: "stopped",
      outputs: {},
      exact: {},
      error: flowMessage("flow.run.stopped"),
      usage,
    };
  }
  throw error;
};

/**
 * Runs a flow to its end, or goes on with a run that the journal knows: no finished node runs again, not
 * even inside iterations and loops. A node's failure is a result; rejects with the signal's reason when
 * it is aborted, with FlowError for inputs or secrets that do not fit, and with an adapter's error.
 */
export const runFlow = async (flow: Flow, options: RunFlowOptions): Promise<FlowRunResult> => {
  const limits: FlowLimits = { ...DIFY_LIMITS, ...options.limits };
  options.signal.throwIfAborted();
  if ((options.callDepth ?? 0) > limits.maxCallDepth) {
    throw new FlowError(flowMessage("flow.run.call-depth", { most: limits.maxCallDepth }), {
      code: "flow-call-depth",
      nodeId: null,
    });
  }
  const inputs = validateInputs(flow.inputs, options.inputs);
  const record = await openRunRecord(options);
  const query = options.query ?? options.inputs["query"];
  const system = {
    ...record,
    userId: options.userId ?? "reviewflow",
    appId: flow.digest.slice(0, 16),
    workflowId: flow.digest.slice(0, 16),
    query: typeof query === "string" ? query : "",
    files: options.files ?? [],
    conversation: options.conversation ?? null,
  };
  const pool = initialPool(flow, inputs, system, options.secrets ?? new Map());
  const stop = new AbortController();
  const done = new AbortController();
  const startedAt = options.clock.now();
  const meter = createUsageMeter();
  const time = createRunTime(options.clock);
  const run = await createContext(flow, options, limits, stop, done.signal, meter, time);
  run.emit({ event: "workflow_started", workflowRunId: record.workflowRunId, taskId: newId(startedAt) });
  const plan = run.planOf(null, flow.startNodeId);
  const stream = createResponseStream(flow, plan, (text) => {
    if (text !== "") run.emit({ event: "text_chunk", text });
  });
  void watchTime(options, limits, time, stop, done.signal);
  const frame = { run, plan, scope: ROOT_SCOPE, pool, stream };
  let steps = 0;
  let result: FlowRunResult;
  try {
    const ended = await runFrame(frame);
    steps = ended.steps;
    options.onConversation?.(Object.fromEntries(ended.pool.get("conversation") ?? []));
    // A limit that the last node went over ends the run as stopped, too.
    stop.signal.throwIfAborted();
    result = resultOf(ended, meter.total());
  } catch (error) {
    result = stoppedResult(error, options, meter.total());
  } finally {
    done.abort();
    stop.abort(new RunStopped(flowMessage("flow.run.stopped")));
  }
  const masked: FlowRunResult = {
    ...result,
    outputs: run.mask.object(result.outputs),
    exact: run.mask.exact(result.exact),
    error: result.error === null ? null : mapTexts(result.error, run.mask.text),
  };
  const { exact: _exact, cause: _cause, ...shown } = masked;
  options.onEvent({
    event: "workflow_finished",
    ...shown,
    elapsedMs: options.clock.now() - startedAt,
    totalSteps: steps,
  });
  return masked;
};
