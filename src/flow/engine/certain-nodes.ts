import type { Flow } from "../flow.ts";
import type { FrameState } from "./frame-state.ts";
import type { FramePlan } from "./plan.ts";

/**
 * The nodes that are sure to run, whatever comes: those that edges lead to without a choice, and those
 * behind choices that are made. Containers and responses count as choices, as in Dify.
 */
export const certainNodes = (flow: Flow, plan: FramePlan, state: FrameState): ReadonlySet<string> => {
  const certain = new Set([plan.startNodeId]);
  // Sets iterate over what is added meanwhile.
  for (const id of certain) {
    const role = flow.nodes.get(id)?.role ?? "plain";
    const waits = role !== "root" && (role !== "plain" || plan.nodes.get(id)?.branches === true);
    for (const edge of plan.outgoing.get(id) ?? []) {
      const decided = state.edges.get(edge.id);
      if (waits ? decided === "taken" : decided !== "skipped") certain.add(edge.target);
    }
  }
  return certain;
};
