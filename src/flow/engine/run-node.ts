import { describeError, ReviewflowError } from "../../base/errors.ts";
import type { FlowNode } from "../flow.ts";
import { addUsage, type FlowUsage, NO_USAGE, type NodeRef } from "../flow-event.ts";
import { type FlowPorts, type Frames, NODE_ERROR, nodeFailure, type NodeOutcome } from "../node.ts";
import type { Pool } from "../pool.ts";
import type { FailureCause } from "../ports.ts";
import { outcomeVariables } from "./node-outputs.ts";
import { mergeResponse, type ResponseOutputs } from "./response-outputs.ts";
import { type FrameScope, type RunContext, roundScope } from "./run-context.ts";
import { outcomeOfEntry, type StepEntry } from "./step-journal.ts";
import { type FlowMessage, inItsWords } from "../messages/message.ts";

/** One finished attempt of a node. */
export type NodeRun = {
  readonly nodeId: string;
  readonly outcome: NodeOutcome;
  readonly elapsedMs: number;
  readonly usage: FlowUsage;
  /** The part of `usage` that no frame inside has counted: all of it but for what a container's children took. */
  readonly ownUsage: FlowUsage;
  /** Failures that the frame has not seen itself: inside a container, or before a restart. */
  readonly extraFailures: number;
  /** Outputs of answers inside a container, for the frame around it. */
  readonly respond: ResponseOutputs;
  readonly isResumed: boolean;
};

/** What runs a round of a container; given by the frame's side, so that the two can call each other. */
type RunRound = (
  scope: FrameScope,
  containerId: string,
  startNodeId: string,
  pool: Pool,
) => Promise<{
  readonly pool: Pool;
  readonly error: FlowMessage | null;
  readonly cause: FailureCause | undefined;
  readonly outputs: ResponseOutputs;
  readonly reachedLoopEnd: boolean;
  readonly failures: number;
  readonly usage: FlowUsage;
}>;

/** What an attempt is made of. */
export type Attempt = {
  readonly run: RunContext;
  readonly scope: FrameScope;
  readonly node: FlowNode;
  readonly pool: Pool;
  readonly onText: (name: string, chunk: string) => void;
  readonly onReasoning: (chunk: string) => void;
  readonly runRound: RunRound;
};

/** A node as events name it. */
export const refOf = (node: FlowNode, scope: FrameScope): NodeRef => ({
  nodeId: node.id,
  nodeType: node.kind,
  title: node.title,
  container: scope.container,
});

/** The key of a node in the run's journal. */
export const stepKey = (scope: FrameScope, nodeId: string): string => `${scope.path}${nodeId}`;

/** Settles with the promise, or rejects as soon as the signal is aborted. */
const untilAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

/** So many rounds may pass without the clock and the network being looked at. */
const ROUNDS_WITHOUT_PAUSE = 64;

type Tally = { usage: FlowUsage; failures: number; respond: ResponseOutputs };

const createFrames = ({ run, scope, node, runRound }: Attempt, tally: Tally): Frames => {
  const isLoop = node.kind === "loop";
  const ref = refOf(node, scope);
  return {
    childIds:
      node.role === "container"
        ? [...run.flow.nodes.values()]
            .filter((child) => child.containerId === node.id)
            .map((child) => child.id)
        : [],
    started: (length) => {
      run.emit({ event: isLoop ? "loop_started" : "iteration_started", node: ref, length });
    },
    respond: (outputs) => {
      tally.respond = mergeResponse(tally.respond, outputs);
    },
    run: async ({ startNodeId, index, pool }) => {
      // Rounds that wait for nothing would keep every timer from firing, the run's own time limit too.
      if (index % ROUNDS_WITHOUT_PAUSE === ROUNDS_WITHOUT_PAUSE - 1) await run.clock.sleep(0, run.signal);
      // Dify says nothing of a loop's first round.
      if (!isLoop || index > 0)
        run.emit({ event: isLoop ? "loop_next" : "iteration_next", node: ref, index });
      const round = await runRound(roundScope(scope, node.id, index), node.id, startNodeId, pool);
      tally.usage = addUsage(tally.usage, round.usage);
      tally.failures += round.failures;
      const { error, cause, outputs, reachedLoopEnd } = round;
      return { pool: round.pool, error, cause, outputs, reachedLoopEnd };
    },
  };
};

/** A node that repeats its calls by the file's settings is not repeated below it, too. */
const portsFor = ({ ports }: RunContext, { retry }: FlowNode): FlowPorts =>
  retry.maxRetries === 0
    ? ports
    : { ...ports, model: { generate: (request) => ports.model.generate({ ...request, isRetried: true }) } };

const execute = async (attempt: Attempt, tally: Tally): Promise<NodeOutcome> => {
  const { run, node, pool } = attempt;
  const { signal } = run;
  try {
    signal.throwIfAborted();
    const outcome = node.execute({
      nodeId: node.id,
      title: node.title,
      pool,
      ports: portsFor(run, node),
      signal,
      clock: run.clock,
      journal: run.journalOf(stepKey(attempt.scope, node.id)),
      callDepth: run.callDepth,
      turns: run.turns,
      emitText: attempt.onText,
      log: (entry) => run.emit({ event: "agent_log", data: run.mask.object(entry) }),
      mask: run.mask.text,
      emitReasoning: attempt.onReasoning,
      frames: createFrames(attempt, tally),
    });
    return await untilAborted(outcome, signal);
  } catch (error) {
    signal.throwIfAborted();
    // Our own errors tell of a broken adapter or store, which is not the flow's affair.
    if (error instanceof ReviewflowError) throw error;
    return nodeFailure(NODE_ERROR, inItsWords(describeError(error)));
  }
};

const resume = (nodeId: string, entry: StepEntry): NodeRun => ({
  nodeId,
  outcome: outcomeOfEntry(entry),
  elapsedMs: entry.elapsedMs,
  usage: entry.usage,
  ownUsage: entry.usage,
  extraFailures: entry.failures,
  respond: entry.respond,
  isResumed: true,
});

/**
 * Runs a node once, or takes its outcome from the journal. Whatever a node throws is its failure;
 * rejects only with the reason of an abort, or with an error of ours.
 */
export const runNode = async (attempt: Attempt): Promise<NodeRun> => {
  const { run, scope, node } = attempt;
  const entry = run.steps.read(stepKey(scope, node.id));
  if (entry !== undefined) return resume(node.id, entry);
  const startedAt = run.clock.now();
  const tally: Tally = { usage: NO_USAGE, failures: 0, respond: {} };
  const outcome = await execute(attempt, tally);
  const ownUsage = outcome.usage ?? NO_USAGE;
  return {
    nodeId: node.id,
    outcome,
    elapsedMs: run.clock.now() - startedAt,
    usage: addUsage(ownUsage, tally.usage),
    ownUsage,
    extraFailures: tally.failures,
    respond: tally.respond,
    isResumed: false,
  };
};

/** A finished node as the journal keeps it. `earlier` is what its attempts before this one took. */
export const entryOf = (
  { outcome, elapsedMs, usage, extraFailures, respond }: NodeRun,
  earlier: { readonly usage: FlowUsage; readonly failures: number },
): StepEntry => {
  const common = {
    usage: addUsage(usage, earlier.usage),
    elapsedMs,
    failures: extraFailures + earlier.failures,
    respond,
    inputs: outcome.inputs ?? {},
  };
  if (!outcome.ok) {
    const { errorType, message, cause } = outcome;
    return { ...common, ok: false, errorType, message, contextLimit: cause?.contextLimit };
  }
  return {
    ...common,
    ok: true,
    outputs: outcomeVariables(outcome),
    handle: outcome.handle ?? "source",
    writes: [...(outcome.writes ?? [])],
  };
};
