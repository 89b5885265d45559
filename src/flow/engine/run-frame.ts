import type { JsonObject } from "../../base/json.ts";
import type { FlowNode } from "../flow.ts";
import { addUsage, type FlowUsage, NO_USAGE, type NodeStatus } from "../flow-event.ts";
import type { NodeOutcome } from "../node.ts";
import type { Pool } from "../pool.ts";
import type { FailureCause } from "../ports.ts";
import { pythonStr } from "../value-text.ts";
import { advance, type FrameCommand, type FrameEvent } from "./advance.ts";
import { type FrameState, INITIAL_FRAME } from "./frame-state.ts";
import { applyCaught, applySuccess, caughtOutputs, outcomeVariables, shownOutputs } from "./node-outputs.ts";
import type { FramePlan } from "./plan.ts";
import { mergeResponse, type ResponseOutputs } from "./response-outputs.ts";
import type { ResponseStream } from "./response-stream.ts";
import type { FrameScope, RunContext } from "./run-context.ts";
import { entryOf, type NodeRun, refOf, runNode, stepKey } from "./run-node.ts";
import { type FlowMessage, mapTexts } from "../messages/message.ts";

/** How a frame ended, and what it took. */
export type FrameResult = {
  readonly pool: Pool;
  readonly error: FlowMessage | null;
  /** What the failure behind `error` tells besides. */
  readonly cause: FailureCause | undefined;
  readonly outputs: ResponseOutputs;
  readonly failures: number;
  readonly usage: FlowUsage;
  readonly reachedLoopEnd: boolean;
  /** Nodes started at this level, each attempt counted. */
  readonly steps: number;
};

/** What a frame runs on. */
export type FrameSpec = {
  readonly run: RunContext;
  readonly plan: FramePlan;
  readonly scope: FrameScope;
  readonly pool: Pool;
  /** Only at the top level. */
  readonly stream: ResponseStream | null;
};

type Frame = FrameSpec & {
  readonly running: Map<string, Promise<NodeRun>>;
  /** What the earlier attempts of a node took. */
  readonly earlier: Map<string, { readonly usage: FlowUsage; readonly failures: number }>;
  /** The last attempt of each node that waits for its verdict. */
  readonly last: Map<string, NodeRun>;
  state: FrameState;
  current: Pool;
  outputs: ResponseOutputs;
  usage: FlowUsage;
  reachedLoopEnd: boolean;
  /** The first failure that nothing caught. */
  failed: Failed | null;
  steps: number;
};

type Failed = Extract<NodeOutcome, { ok: false }>;

/** The starts inside containers do nothing, and are neither shown nor journaled. */
const isInnerStart = (node: FlowNode): boolean =>
  node.kind === "iteration-start" || node.kind === "loop-start";

/** Dify has events of their own for containers. */
const isShown = (node: FlowNode): boolean => node.role !== "container" && !isInnerStart(node);

const nodeOf = ({ run }: Frame, nodeId: string): FlowNode => {
  const node = run.flow.nodes.get(nodeId);
  if (node === undefined) throw new Error(`The plan has a node that the flow has not: ${nodeId}`);
  return node;
};

const startNode = (frame: Frame, nodeId: string, delayMs: number): void => {
  const { run, scope } = frame;
  const node = nodeOf(frame, nodeId);
  frame.steps += 1;
  if (delayMs === 0 && isShown(node) && !frame.earlier.has(nodeId)) {
    run.countStep();
    run.emit({ event: "node_started", node: refOf(node, scope), inputs: {} });
  }
  const pool = frame.current;
  const attempt = async (): Promise<NodeRun> => {
    if (delayMs > 0) await run.clock.sleep(delayMs, run.signal);
    const done = await runNode({
      run,
      scope,
      node,
      pool,
      onText: (name, chunk) => frame.stream?.addChunk(nodeId, name, run.mask.text(chunk)),
      onReasoning: (chunk) => {
        if (frame.stream?.isQuoted(nodeId) === true)
          run.emit({ event: "reasoning_chunk", text: run.mask.text(chunk) });
      },
      runRound: async (inner, containerId, startNodeId, innerPool) =>
        runFrame({
          run,
          plan: run.planOf(containerId, startNodeId),
          scope: inner,
          pool: innerPool,
          stream: null,
        }),
    });
    if (done.outcome.ok && !done.isResumed && !isInnerStart(node)) await journal(frame, done);
    return done;
  };
  const promise = attempt();
  // A frame that ends early leaves its other nodes behind; their rejections are of no interest.
  promise.catch(() => undefined);
  frame.running.set(nodeId, promise);
};

const journal = async (frame: Frame, done: NodeRun): Promise<void> => {
  const earlier = frame.earlier.get(done.nodeId) ?? { usage: NO_USAGE, failures: 0 };
  await frame.run.steps.write(stepKey(frame.scope, done.nodeId), entryOf(done, earlier));
};

const emitFinished = (
  { run, scope }: Frame,
  node: FlowNode,
  done: NodeRun,
  status: NodeStatus,
  outputs: JsonObject,
): void => {
  const error = done.outcome.ok ? null : mapTexts(done.outcome.message, run.mask.text);
  const ref = refOf(node, scope);
  const shown = run.mask.object(outputs);
  const { elapsedMs, usage } = done;
  if (node.role === "container") {
    const event = node.kind === "loop" ? "loop_completed" : "iteration_completed";
    run.emit({ event, node: ref, status, outputs: shown, error, elapsedMs });
  } else if (isShown(node)) {
    const inputs = run.mask.object(done.outcome.inputs ?? {});
    const resumed = done.isResumed ? ({ resumed: true } as const) : {};
    run.emit({
      event: "node_finished",
      node: ref,
      status,
      inputs,
      outputs: shown,
      error,
      elapsedMs,
      usage,
      ...resumed,
    });
  }
  run.checkLimits();
};

const succeed = (frame: Frame, done: NodeRun, outcome: Extract<NodeOutcome, { ok: true }>): FrameEvent => {
  const node = nodeOf(frame, done.nodeId);
  const outputs = outcomeVariables(outcome);
  frame.current = applySuccess(frame.current, node, outcome, outputs);
  if (node.role === "response") frame.outputs = mergeResponse(frame.outputs, outputs);
  frame.outputs = mergeResponse(frame.outputs, done.respond);
  if (node.kind === "loop-end") frame.reachedLoopEnd = true;
  // Answers inside containers are not followed piece by piece.
  if (frame.stream === null && node.kind === "answer") {
    frame.run.emit({
      event: "text_chunk",
      text: frame.run.mask.text(pythonStr(outcome.outputs["answer"] ?? "")),
    });
  }
  emitFinished(frame, node, done, "succeeded", outcome.outputs);
  const { nodeId, extraFailures } = done;
  return { kind: "succeeded", nodeId, handle: outcome.handle ?? "source", extraFailures };
};

const eventOf = (frame: Frame, done: NodeRun): FrameEvent => {
  const { nodeId, outcome, extraFailures } = done;
  frame.usage = addUsage(frame.usage, done.usage);
  frame.run.countUsage(done.ownUsage);
  if (outcome.ok) return succeed(frame, done, outcome);
  frame.last.set(nodeId, done);
  return {
    kind: "failed",
    nodeId,
    message: outcome.message,
    extraFailures,
    isFinal: done.isResumed || outcome.isFinal === true,
  };
};

const retry = (frame: Frame, command: Extract<FrameCommand, { kind: "retry" }>): void => {
  const { nodeId, retryIndex, delayMs } = command;
  const done = frame.last.get(nodeId);
  if (done === undefined || done.outcome.ok) return;
  const before = frame.earlier.get(nodeId) ?? { usage: NO_USAGE, failures: 0 };
  frame.earlier.set(nodeId, {
    usage: addUsage(before.usage, done.usage),
    failures: before.failures + done.extraFailures + 1,
  });
  const error = mapTexts(done.outcome.message, frame.run.mask.text);
  frame.run.emit({ event: "node_retry", node: refOf(nodeOf(frame, nodeId), frame.scope), error, retryIndex });
  startNode(frame, nodeId, delayMs);
};

/** Whether a node that asks a model, or holds such nodes, may succeed in a new try of the run. */
const mayPass = ({ role, declaration }: FlowNode, { cause }: Failed): boolean =>
  (role === "container" || declaration.models.length > 0) &&
  (cause?.outside !== undefined || cause?.passes === true);

/** A failure that no attempt is left for: caught by the node's strategy, or not. */
const settleFailure = async (
  frame: Frame,
  command: Extract<FrameCommand, { kind: "catch" | "fail" }>,
): Promise<void> => {
  const done = frame.last.get(command.nodeId);
  if (done === undefined || done.outcome.ok) return;
  const node = nodeOf(frame, command.nodeId);
  // At the top level an uncaught failure ends the run; only a new try goes on behind what had finished before.
  const isKept = command.kind === "catch" || (!frame.plan.stopOnFailure && !mayPass(node, done.outcome));
  if (isKept && !done.isResumed) await journal(frame, done);
  if (command.kind === "fail") {
    frame.failed ??= done.outcome;
    emitFinished(frame, node, done, "failed", done.outcome.outputs ?? {});
    return;
  }
  const outputs = caughtOutputs(node, command.strategy, done.outcome);
  frame.current = applyCaught(frame.current, node, outputs);
  emitFinished(frame, node, done, node.role === "container" ? "failed" : "exception", shownOutputs(outputs));
};

const obey = async (frame: Frame, commands: readonly FrameCommand[]): Promise<void> => {
  for (const command of commands) {
    switch (command.kind) {
      case "run":
        startNode(frame, command.nodeId, 0);
        break;
      case "retry":
        retry(frame, command);
        break;
      case "catch":
      case "fail":
        await settleFailure(frame, command);
        break;
      case "finish":
        break;
      default:
        command satisfies never;
    }
  }
};

const step = async (frame: Frame, event: FrameEvent): Promise<void> => {
  const { state, commands } = advance(frame.plan, frame.state, event);
  frame.state = state;
  await obey(frame, commands);
  frame.stream?.update(frame.state, frame.current);
};

/**
 * Runs the nodes of one level until nothing is left to run. Rejects only with the reason of an abort, or
 * with an error of ours from an adapter or the journal.
 */
export const runFrame = async (spec: FrameSpec): Promise<FrameResult> => {
  const frame: Frame = {
    ...spec,
    running: new Map(),
    earlier: new Map(),
    last: new Map(),
    state: INITIAL_FRAME,
    current: spec.pool,
    outputs: {},
    usage: NO_USAGE,
    reachedLoopEnd: false,
    failed: null,
    steps: 0,
  };
  await step(frame, { kind: "started" });
  while (!frame.state.isFinished) {
    const done = await Promise.race(frame.running.values());
    frame.running.delete(done.nodeId);
    await step(frame, eventOf(frame, done));
  }
  const { current: pool, outputs, usage, reachedLoopEnd, steps } = frame;
  const { error, failures } = frame.state;
  const cause = frame.failed?.cause;
  return { pool, error, cause, outputs, failures, usage, reachedLoopEnd, steps };
};
