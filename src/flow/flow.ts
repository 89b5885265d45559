import type { LoadedNode, NodeDeclaration, NodeRole } from "./node.ts";
import type { InputVariable } from "./nodes/start/schema.ts";
import type { Variable } from "./value-type.ts";
import type { FlowMessage } from "./messages/message.ts";

/** An edge from a handle of one node to another node. */
export type FlowEdge = {
  readonly id: string;
  readonly source: string;
  readonly sourceHandle: string;
  readonly target: string;
};

/** What happens when a node fails for good: the run fails, a branch is taken, or values stand in. */
export type ErrorStrategy = "fail-branch" | "default-value" | null;

/** Where a node stands on Dify's canvas, in its pixels; `x` and `y` are relative to the container. */
export type NodeBox = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** A node of a flow, understood and ready to run. */
export type FlowNode = {
  readonly id: string;
  readonly kind: string;
  readonly role: NodeRole;
  readonly title: string;
  readonly description: string;
  /** The iteration or loop around it, null at the top level. */
  readonly containerId: string | null;
  readonly box: NodeBox | null;
  readonly errorStrategy: ErrorStrategy;
  /** The outputs that stand in under `default-value`. */
  readonly defaultValues: Readonly<Record<string, Variable>>;
  /** How often a failed node is tried again, and after how long; none when the kind or the file says so. */
  readonly retry: { readonly maxRetries: number; readonly intervalMs: number };
  readonly declaration: NodeDeclaration;
  readonly execute: LoadedNode["execute"];
};

/** An `env.` value; a secret's value is null in a file, and comes from outside. */
export type EnvironmentVariable = {
  readonly name: string;
  readonly isSecret: boolean;
  readonly variable: Variable | null;
};

/** Something in a file that is worth saying, or that keeps it from running. */
export type FlowProblem = {
  /** Null for the file as a whole. */
  readonly nodeId: string | null;
  readonly title: string | null;
  /** Where in the node's data, or in the file; empty for the whole. */
  readonly field: string;
  readonly message: FlowMessage;
};

/** A workflow file that can run. */
export type Flow = {
  readonly name: string;
  readonly description: string;
  /** The DSL's version, as the file has it. */
  readonly version: string;
  /** A digest of the file's text. A journal written for another text is not taken up. */
  readonly digest: string;
  readonly mode: "workflow" | "advanced-chat";
  readonly nodes: ReadonlyMap<string, FlowNode>;
  readonly edges: readonly FlowEdge[];
  readonly startNodeId: string;
  readonly inputs: readonly InputVariable[];
  readonly environment: readonly EnvironmentVariable[];
  /** First values of the `conversation.` variables. */
  readonly conversation: Readonly<Record<string, Variable>>;
  readonly warnings: readonly FlowProblem[];
};
