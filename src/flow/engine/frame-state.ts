import type { FlowMessage } from "../messages/message.ts";

/** How a node stands in a frame; one that is not listed waits for its edges. */
export type NodeState = "ready" | "running" | "done" | "skipped" | "failed";

/** Where a frame stands. Immutable; `advance` makes the next one. */
export type FrameState = {
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** Edges that are decided, by id; all others are unknown. */
  readonly edges: ReadonlyMap<string, "taken" | "skipped">;
  /** Nodes whose edges are settled, in the order in which they became so. */
  readonly ready: readonly string[];
  /** How often each node has been tried again. */
  readonly retries: ReadonlyMap<string, number>;
  /** Failures of nodes, whether caught, retried or not. */
  readonly failures: number;
  /** The first failure that nothing caught. */
  readonly error: FlowMessage | null;
  readonly isFinished: boolean;
};

/** A frame in which nothing has happened. */
export const INITIAL_FRAME: FrameState = {
  nodes: new Map(),
  edges: new Map(),
  ready: [],
  retries: new Map(),
  failures: 0,
  error: null,
  isFinished: false,
};
