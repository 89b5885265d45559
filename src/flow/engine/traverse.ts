import type { FlowEdge } from "../flow.ts";
import type { FrameState, NodeState } from "./frame-state.ts";
import type { FramePlan } from "./plan.ts";

/** A frame's state while it is being changed; a copy of its own, made once an event. */
export type Draft = {
  readonly nodes: Map<string, NodeState>;
  readonly edges: Map<string, "taken" | "skipped">;
  readonly ready: string[];
};

/** A copy of the parts of a state that traversal changes. */
export const draftOf = (state: FrameState): Draft => ({
  nodes: new Map(state.nodes),
  edges: new Map(state.edges),
  ready: [...state.ready],
});

/** What the incoming edges of a node say: run, skip, or wait. */
const classifyNode = (plan: FramePlan, draft: Draft, nodeId: string): "run" | "skip" | "wait" => {
  let isTaken = false;
  for (const edge of plan.incoming.get(nodeId) ?? []) {
    const state = draft.edges.get(edge.id);
    if (state === undefined) return "wait";
    isTaken ||= state === "taken";
  }
  return isTaken ? "run" : "skip";
};

/** Decides edges one after another; a node that is skipped adds its own edges to the work. */
const settle = (
  plan: FramePlan,
  draft: Draft,
  work: { readonly edge: FlowEdge; readonly state: "taken" | "skipped" }[],
): void => {
  // Arrays iterate over what is pushed meanwhile.
  for (const { edge, state } of work) {
    draft.edges.set(edge.id, state);
    if (draft.nodes.has(edge.target)) continue;
    const verdict = classifyNode(plan, draft, edge.target);
    if (verdict === "wait") continue;
    draft.nodes.set(edge.target, verdict === "run" ? "ready" : "skipped");
    if (verdict === "run") draft.ready.push(edge.target);
    else work.push(...(plan.outgoing.get(edge.target) ?? []).map((next) => ({ edge: next, state }) as const));
  }
};

/**
 * Leaves a node: by all its edges when `handle` is null, else by those of that handle, the others being
 * skipped. Skips are settled first, as Dify does, which orders what becomes ready.
 */
export const leaveNode = (plan: FramePlan, draft: Draft, nodeId: string, handle: string | null): void => {
  const edges = plan.outgoing.get(nodeId) ?? [];
  const isTaken = (edge: FlowEdge): boolean => handle === null || edge.sourceHandle === handle;
  settle(
    plan,
    draft,
    edges.filter((edge) => !isTaken(edge)).map((edge) => ({ edge, state: "skipped" as const })),
  );
  settle(
    plan,
    draft,
    edges.filter(isTaken).map((edge) => ({ edge, state: "taken" as const })),
  );
};
