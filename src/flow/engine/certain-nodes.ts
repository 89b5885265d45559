import type { Flow } from "../flow.ts";
import type { FrameState } from "./frame-state.ts";
import type { FramePlan } from "./plan.ts";

/** Tells which nodes are sure to run, as a frame moves on. */
export type Certainty = {
  /** Takes in where the frame stands now. What was once sure stays so. */
  readonly update: (state: FrameState) => void;
  readonly has: (nodeId: string) => boolean;
};

/**
 * Follows the nodes that are sure to run, whatever comes: those that edges lead to without a choice, and
 * those behind choices that are made. Containers and responses count as choices, as in Dify. Each edge
 * is looked at until it is decided, so that a run of many nodes is not gone through again at each step.
 */
export const createCertainty = (flow: Flow, plan: FramePlan): Certainty => {
  const certain = new Set([plan.startNodeId]);
  /** Certain nodes whose edges wait for a choice that was not made when it was last asked for. */
  let waiting: readonly string[] = [plan.startNodeId];
  const isChoice = (id: string): boolean => {
    const role = flow.nodes.get(id)?.role ?? "plain";
    return role !== "root" && (role !== "plain" || plan.nodes.get(id)?.branches === true);
  };
  /** Adds what a certain node leads to; true when some edge of it may still be taken later. */
  const follow = (id: string, state: FrameState, found: string[]): boolean => {
    let isOpen = false;
    const waits = isChoice(id);
    for (const edge of plan.outgoing.get(id) ?? []) {
      const decided = state.edges.get(edge.id);
      if (waits && decided === undefined) isOpen = true;
      if ((waits ? decided !== "taken" : decided === "skipped") || certain.has(edge.target)) continue;
      certain.add(edge.target);
      found.push(edge.target);
    }
    return isOpen;
  };
  return {
    update: (state) => {
      const work = [...waiting];
      const open: string[] = [];
      // Arrays iterate over what is pushed meanwhile.
      for (const id of work) if (follow(id, state, work)) open.push(id);
      waiting = open;
    },
    has: (nodeId) => certain.has(nodeId),
  };
};
