import type { FlowEdge, FlowNode } from "../flow.ts";

/**
 * Puts each node into the iteration or loop around it: the one that its `parentId` names, else the one from whose
 * start node the edges lead to it. What a node's data says of containers (`iteration_id`, `loop_id`) means nothing to
 * Dify: it stays behind when a node is moved out (31 genuine exports leave it out of the start nodes, too).
 */
export const assignContainers = (
  nodes: ReadonlyMap<string, FlowNode>,
  edges: readonly FlowEdge[],
): ReadonlyMap<string, FlowNode> => {
  const containers = new Map([...nodes.values()].map((node) => [node.id, node.containerId]));
  const edgesBySource = Map.groupBy(edges, (edge) => edge.source);
  const inherit = (startNodeId: string, containerId: string): void => {
    // Sets iterate over what is added meanwhile.
    const reached = new Set([startNodeId]);
    for (const id of reached) {
      if ((containers.get(id) ?? containerId) !== containerId) continue;
      containers.set(id, containerId);
      for (const { target } of edgesBySource.get(id) ?? []) if (target !== containerId) reached.add(target);
    }
  };
  for (const node of nodes.values()) {
    const start = node.declaration.inside?.startNodeId;
    if (start === undefined || start === node.id || nodes.get(start)?.kind === "start") continue;
    inherit(start, node.id);
  }
  return new Map(
    [...nodes].map(([id, node]) => [id, { ...node, containerId: containers.get(id) ?? null }] as const),
  );
};
