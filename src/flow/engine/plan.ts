import type { ErrorStrategy, Flow, FlowEdge } from "../flow.ts";

/** What the traversal needs to know of a node. */
export type NodePolicy = {
  /** Whether the node leaves by one handle only; other nodes take all their edges. */
  readonly branches: boolean;
  readonly errorStrategy: ErrorStrategy;
  readonly maxRetries: number;
  readonly retryIntervalMs: number;
};

/**
 * The graph of one frame: the top level, or the inside of an iteration or loop. `stopOnFailure` is set
 * at the top level, where the first unhandled failure ends everything; inside, the other branches of the
 * round still run.
 */
export type FramePlan = {
  readonly startNodeId: string;
  readonly nodes: ReadonlyMap<string, NodePolicy>;
  readonly incoming: ReadonlyMap<string, readonly FlowEdge[]>;
  readonly outgoing: ReadonlyMap<string, readonly FlowEdge[]>;
  /** The most nodes that run side by side. */
  readonly parallelLimit: number;
  readonly stopOnFailure: boolean;
};

/** The parts of a plan that follow from its nodes and edges. */
export const createPlan = (options: {
  readonly startNodeId: string;
  readonly nodes: ReadonlyMap<string, NodePolicy>;
  readonly edges: readonly FlowEdge[];
  readonly parallelLimit: number;
  readonly stopOnFailure: boolean;
}): FramePlan => ({
  startNodeId: options.startNodeId,
  nodes: options.nodes,
  incoming: Map.groupBy(options.edges, (edge) => edge.target),
  outgoing: Map.groupBy(options.edges, (edge) => edge.source),
  parallelLimit: options.parallelLimit,
  stopOnFailure: options.stopOnFailure,
});

/** The plan of a flow's top level (`containerId` null) or of the inside of one of its containers. */
export const planFrame = (
  flow: Flow,
  containerId: string | null,
  startNodeId: string,
  parallelLimit: number,
): FramePlan => {
  const inside = [...flow.nodes.values()].filter((node) => node.containerId === containerId);
  const ids = new Set(inside.map((node) => node.id));
  return createPlan({
    startNodeId,
    nodes: new Map(
      inside.map((node) => [
        node.id,
        {
          branches: node.role === "branch" || node.errorStrategy === "fail-branch",
          errorStrategy: node.errorStrategy,
          maxRetries: node.retry.maxRetries,
          retryIntervalMs: node.retry.intervalMs,
        },
      ]),
    ),
    edges: flow.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)),
    parallelLimit,
    stopOnFailure: containerId === null,
  });
};
