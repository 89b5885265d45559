import type { JsonObject } from "../base/json.ts";
import type { FlowMessage } from "./messages/message.ts";

/** How a run of a flow stands; the names are those of Dify's API. */
export type FlowStatus =
  | "scheduled"
  | "running"
  | "succeeded"
  | "failed"
  | "stopped"
  | "partial-succeeded"
  | "paused";

/** How one node of a run stands; the names are those of Dify's API. */
export type NodeStatus =
  | "pending"
  | "running"
  | "succeeded"
  | "failed"
  | "exception"
  | "stopped"
  | "paused"
  | "retry";

/** Which node of the flow an event speaks of, and where inside an iteration or a loop it stood. */
export type NodeRef = {
  readonly nodeId: string;
  /** The node's kind, such as `llm` or `if-else`. */
  readonly nodeType: string;
  readonly title: string;
  /** The iteration or loop node around this one and the round, null at the top level. */
  readonly container: { readonly nodeId: string; readonly index: number } | null;
};

/**
 * What a node or a run consumed. Tokens are counted by the model's provider; price is in its currency. Null is
 * what is not known: Dify reports the total alone of a run in blocking mode, and of one whose events were lost.
 */
export type FlowUsage = {
  readonly totalTokens: number;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalPrice: number | null;
  readonly currency: string;
  /** The models that answered, by their providers' names for them; left out where none did or it is not known. */
  readonly models?: readonly string[];
};

/** Nothing consumed. */
export const NO_USAGE: FlowUsage = {
  totalTokens: 0,
  promptTokens: 0,
  completionTokens: 0,
  totalPrice: 0,
  currency: "USD",
};

const plus = (left: number | null, right: number | null): number | null =>
  left === null || right === null ? null : left + right;

/**
 * What two parts of a run consumed together: a sum with an unknown part is unknown. The currency is that of
 * the part that has a price.
 */
export const addUsage = (left: FlowUsage, right: FlowUsage): FlowUsage => ({
  totalTokens: left.totalTokens + right.totalTokens,
  promptTokens: plus(left.promptTokens, right.promptTokens),
  completionTokens: plus(left.completionTokens, right.completionTokens),
  totalPrice: plus(left.totalPrice, right.totalPrice),
  currency: (left.totalPrice ?? 0) > 0 ? left.currency : right.currency,
  ...bothModels(left, right),
});

const bothModels = (left: FlowUsage, right: FlowUsage): Pick<FlowUsage, "models"> => {
  const models = [...new Set([...(left.models ?? []), ...(right.models ?? [])])];
  return models.length === 0 ? {} : { models };
};

type NodeFinished = {
  readonly event: "node_finished";
  readonly node: NodeRef;
  readonly status: NodeStatus;
  readonly inputs: JsonObject;
  readonly outputs: JsonObject;
  readonly error: FlowMessage | null;
  readonly elapsedMs: number;
  readonly usage: FlowUsage;
  /** The method of an `http-request` node's request, in capitals, where the engine reports it. */
  readonly method?: string;
  /** Set when the node did not run now: its outputs come from the journal of a run that was taken up. */
  readonly resumed?: true;
};

type WorkflowFinished = {
  readonly event: "workflow_finished";
  readonly status: FlowStatus;
  readonly outputs: JsonObject;
  readonly error: FlowMessage | null;
  readonly elapsedMs: number;
  readonly totalSteps: number;
  readonly usage: FlowUsage;
};

/**
 * What happens while a flow runs, whichever runner runs it: the events of Dify's streaming API under
 * Dify's names, reduced to what we use (see "Service API" in Dify's developer documentation).
 */
export type FlowEvent =
  | { readonly event: "workflow_started"; readonly workflowRunId: string; readonly taskId: string }
  | { readonly event: "node_started"; readonly node: NodeRef; readonly inputs: JsonObject }
  | NodeFinished
  | {
      readonly event: "node_retry";
      readonly node: NodeRef;
      readonly error: FlowMessage;
      readonly retryIndex: number;
    }
  | {
      readonly event: "iteration_started" | "loop_started";
      readonly node: NodeRef;
      readonly length: number | null;
    }
  | { readonly event: "iteration_next" | "loop_next"; readonly node: NodeRef; readonly index: number }
  | {
      readonly event: "iteration_completed" | "loop_completed";
      readonly node: NodeRef;
      readonly status: NodeStatus;
      readonly outputs: JsonObject;
      readonly error: FlowMessage | null;
      readonly elapsedMs: number;
    }
  | { readonly event: "text_chunk" | "text_replace" | "reasoning_chunk"; readonly text: string }
  | { readonly event: "agent_log"; readonly data: JsonObject }
  | { readonly event: "human_input_required" | "workflow_paused"; readonly data: JsonObject }
  | WorkflowFinished
  | { readonly event: "error"; readonly code: string; readonly status: number; readonly message: string };
