import type { ErrorStrategy } from "../flow.ts";
import type { FrameState } from "./frame-state.ts";
import type { FramePlan } from "./plan.ts";
import { type Draft, draftOf, leaveNode } from "./traverse.ts";
import type { FlowMessage } from "../messages/message.ts";

/**
 * What happened. `extraFailures` are failures that the frame has not seen: of children of a container,
 * or of attempts before a restart.
 */
export type FrameEvent =
  | { readonly kind: "started" }
  | {
      readonly kind: "succeeded";
      readonly nodeId: string;
      /** What a choosing node left by. */
      readonly handle: string;
      readonly extraFailures: number;
    }
  | {
      readonly kind: "failed";
      readonly nodeId: string;
      readonly message: FlowMessage;
      readonly extraFailures: number;
      /** No attempt is made, whatever the count says: they were used up before a restart, or none can help. */
      readonly isFinal: boolean;
    };

/** What is to be done, in this order. */
export type FrameCommand =
  | { readonly kind: "run"; readonly nodeId: string }
  | { readonly kind: "retry"; readonly nodeId: string; readonly retryIndex: number; readonly delayMs: number }
  /** The failure is caught: put the strategy's outputs into the pool. */
  | { readonly kind: "catch"; readonly nodeId: string; readonly strategy: Exclude<ErrorStrategy, null> }
  /** Nothing catches the failure. */
  | { readonly kind: "fail"; readonly nodeId: string }
  | { readonly kind: "finish"; readonly error: FlowMessage | null };

/** What {@link advance} gives. */
export type Advanced = { readonly state: FrameState; readonly commands: readonly FrameCommand[] };

const runningCount = ({ nodes }: Draft): number => {
  let count = 0;
  for (const node of nodes.values()) if (node === "running") count += 1;
  return count;
};

/** Starts ready nodes while there is room, and ends the frame when nothing is left to run. */
const dispatch = (
  plan: FramePlan,
  state: FrameState,
  draft: Draft,
  commands: readonly FrameCommand[],
): Advanced => {
  const running = runningCount(draft);
  const starting = draft.ready.splice(0, Math.max(plan.parallelLimit - running, 0));
  for (const nodeId of starting) draft.nodes.set(nodeId, "running");
  const next: FrameState = { ...state, ...draft };
  const runs = starting.map((nodeId): FrameCommand => ({ kind: "run", nodeId }));
  if (running + starting.length > 0) return { state: next, commands: [...commands, ...runs] };
  return finish(next, [...commands, ...runs]);
};

const finish = (state: FrameState, commands: readonly FrameCommand[]): Advanced => ({
  state: { ...state, ready: [], isFinished: true },
  commands: [...commands, { kind: "finish", error: state.error }],
});

const complete = (
  plan: FramePlan,
  state: FrameState,
  nodeId: string,
  handle: string | null,
  commands: readonly FrameCommand[],
): Advanced => {
  const draft = draftOf(state);
  draft.nodes.set(nodeId, "done");
  leaveNode(plan, draft, nodeId, handle);
  return dispatch(plan, state, draft, commands);
};

const handleFailure = (
  plan: FramePlan,
  before: FrameState,
  event: Extract<FrameEvent, { kind: "failed" }>,
): Advanced => {
  const { nodeId, message } = event;
  const state: FrameState = { ...before, failures: before.failures + event.extraFailures + 1 };
  const policy = plan.nodes.get(nodeId);
  const retried = state.retries.get(nodeId) ?? 0;
  if (policy !== undefined && !event.isFinal && retried < policy.maxRetries) {
    const retries = new Map(state.retries).set(nodeId, retried + 1);
    const delayMs = policy.retryIntervalMs;
    const retry: FrameCommand = { kind: "retry", nodeId, retryIndex: retried + 1, delayMs };
    return { state: { ...state, retries }, commands: [retry] };
  }
  const strategy = policy?.errorStrategy ?? null;
  if (strategy !== null) {
    const handle = strategy === "fail-branch" ? "fail-branch" : null;
    return complete(plan, state, nodeId, handle, [{ kind: "catch", nodeId, strategy }]);
  }
  const draft = draftOf(state);
  draft.nodes.set(nodeId, "failed");
  const failed: FrameState = { ...state, ...draft, error: state.error ?? message };
  const commands: readonly FrameCommand[] = [{ kind: "fail", nodeId }];
  return plan.stopOnFailure ? finish(failed, commands) : dispatch(plan, failed, draft, commands);
};

/**
 * The one rule book of a run: what follows from what happened. An edge is unknown, taken or skipped; a
 * node runs when none of its edges is unknown and one is taken, and is skipped when all are, which
 * skips its own edges in turn. A failure is retried, caught by the node's strategy, or ends the frame.
 * Pure: equal arguments give equal results, and events for a finished frame or a node that is not
 * running change nothing.
 */
export const advance = (plan: FramePlan, state: FrameState, event: FrameEvent): Advanced => {
  if (state.isFinished) return { state, commands: [] };
  if (event.kind === "started") {
    if (state.nodes.size > 0) return { state, commands: [] };
    const draft = draftOf(state);
    draft.nodes.set(plan.startNodeId, "ready");
    draft.ready.push(plan.startNodeId);
    return dispatch(plan, state, draft, []);
  }
  if (state.nodes.get(event.nodeId) !== "running") return { state, commands: [] };
  if (event.kind === "failed") return handleFailure(plan, state, event);
  const branches = plan.nodes.get(event.nodeId)?.branches ?? false;
  const counted: FrameState = { ...state, failures: state.failures + event.extraFailures };
  return complete(plan, counted, event.nodeId, branches ? event.handle : null, []);
};
