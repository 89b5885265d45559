import { JsonObject, parseJson } from "../base/json.ts";
import {
  addUsage,
  NO_USAGE,
  type FlowEvent,
  type FlowStatus,
  type FlowUsage,
  type NodeRef,
  type NodeStatus,
} from "../flow/flow-event.ts";
import type { Frame } from "./event-stream.ts";
import { DifyErrorBody, DifyUsage, NodeData, RunState, TextData } from "./schema.ts";
import { type FlowMessage, inItsWords } from "../flow/messages/message.ts";

const FLOW_STATUSES: readonly FlowStatus[] = [
  "scheduled",
  "running",
  "succeeded",
  "failed",
  "stopped",
  "partial-succeeded",
  "paused",
];
const NODE_STATUSES: readonly NodeStatus[] = [
  "pending",
  "running",
  "succeeded",
  "failed",
  "exception",
  "stopped",
  "paused",
  "retry",
];

const toMs = (seconds: number | null | undefined): number => Math.round((seconds ?? 0) * 1000);

/** Dify's run status; an unknown one counts as running, so that a run is never given up for a new word. */
export const flowStatusOf = (state: RunState): FlowStatus =>
  FLOW_STATUSES.find((status) => status === state.status) ?? "running";

const nodeStatusOf = (status: string | null | undefined): NodeStatus =>
  NODE_STATUSES.find((known) => known === status) ?? "running";

/** The outputs of a run, which some versions of Dify send as JSON text. */
const outputsOf = (state: RunState): JsonObject => {
  const outputs = typeof state.outputs === "string" ? parseJson(state.outputs) : state.outputs;
  const parsed = JsonObject.safeParse(outputs);
  return parsed.success ? parsed.data : {};
};

const usageFrom = (usage: DifyUsage): FlowUsage => {
  const totalTokens = usage.total_tokens ?? 0;
  const unknown = totalTokens === 0 ? 0 : null;
  return {
    totalTokens,
    promptTokens: usage.prompt_tokens ?? unknown,
    completionTokens: usage.completion_tokens ?? unknown,
    totalPrice: priceOf(usage.total_price) ?? unknown,
    currency: usage.currency ?? NO_USAGE.currency,
  };
};

/** A price, which Dify writes as a decimal text; null where there is none. */
const priceOf = (price: DifyUsage["total_price"]): number | null => {
  const amount = price === null || price === undefined || price === "" ? Number.NaN : Number(price);
  return Number.isFinite(amount) ? amount : null;
};

/** What a run consumed: Dify's total, with split and price where the nodes account for all of it. */
const totalUsage = (nodes: FlowUsage, totalTokens: number | null | undefined): FlowUsage =>
  totalTokens === null || totalTokens === undefined || nodes.totalTokens >= totalTokens
    ? { ...nodes, totalTokens: totalTokens ?? nodes.totalTokens }
    : { ...nodes, totalTokens, promptTokens: null, completionTokens: null, totalPrice: null };

/** A node's usage: the full account of `outputs.usage` where there is one, else the metadata's sums. */
const nodeUsage = (data: NodeData): FlowUsage => {
  const full = DifyUsage.parse(data.outputs?.["usage"] ?? {});
  const isFull = full.total_tokens !== null && full.total_tokens !== undefined;
  const usage = usageFrom(isFull ? full : (data.execution_metadata ?? {}));
  const model = data.process_data?.model_name ?? "";
  return model === "" || usage.totalTokens === 0 ? usage : { ...usage, models: [model] };
};

const refOf = (data: NodeData, rounds: ReadonlyMap<string, number>): NodeRef => {
  const around = data.iteration_id ?? data.loop_id ?? null;
  const told = data.execution_metadata?.iteration_index ?? data.execution_metadata?.loop_index ?? null;
  return {
    nodeId: data.node_id,
    nodeType: data.node_type,
    title: data.title,
    container:
      around === null || around === data.node_id
        ? null
        : { nodeId: around, index: told ?? rounds.get(around) ?? 0 },
  };
};

/** What a node or a run reports, in its own words; null where it reports nothing. */
const statedError = (text: string | null | undefined): FlowMessage | null =>
  text === null || text === undefined || text === "" ? null : inItsWords(text);

/** Turns the frames of one run into FlowEvents, in the order in which they arrive. */
export type FrameReader = {
  /** The event of a frame; null for frames that we have no use for (pings, new kinds). */
  readonly read: (frame: Frame) => FlowEvent | null;
  /** The event that ends the run, from its state; its tokens are Dify's, the rest is what nodes reported, if all did. */
  readonly finish: (state: RunState) => Extract<FlowEvent, { event: "workflow_finished" }>;
};

/** A reader for one run; it remembers rounds of iterations and adds up what the nodes consumed. */
export const createFrameReader = (): FrameReader => {
  const rounds = new Map<string, number>();
  let usage = NO_USAGE;

  const finish: FrameReader["finish"] = (state) => ({
    event: "workflow_finished",
    status: flowStatusOf(state),
    outputs: outputsOf(state),
    error: statedError(state.error),
    elapsedMs: toMs(state.elapsed_time),
    totalSteps: state.total_steps ?? 0,
    usage: totalUsage(usage, state.total_tokens),
  });
  const readNode = (kind: string, data: NodeData): FlowEvent | null => {
    const node = refOf(data, rounds);
    switch (kind) {
      case "node_started":
        return { event: "node_started", node, inputs: data.inputs ?? {} };
      case "node_finished": {
        const consumed = nodeUsage(data);
        // An iteration's own sum repeats what the nodes inside have reported.
        if (data.node_type !== "iteration" && data.node_type !== "loop") usage = addUsage(usage, consumed);
        const inputs = data.inputs ?? {};
        return {
          event: "node_finished",
          node,
          ...endOf(data),
          ...methodOf(data),
          inputs,
          usage: consumed,
        };
      }
      case "node_retry":
        return {
          event: "node_retry",
          node,
          error: inItsWords(data.error ?? ""),
          retryIndex: data.retry_index ?? 0,
        };
      case "iteration_started":
      case "loop_started":
        return { event: kind, node, length: lengthOf(data) };
      case "iteration_next":
      case "loop_next":
        rounds.set(data.node_id, data.index ?? 0);
        return { event: kind, node, index: data.index ?? 0 };
      case "iteration_completed":
      case "loop_completed":
        return { event: kind, node, ...endOf(data) };
      default:
        return null;
    }
  };
  const read: FrameReader["read"] = ({ frame, raw }) => {
    if (frame.event === "workflow_finished") {
      const state = RunState.safeParse(frame.data);
      return state.success ? finish(state.data) : null;
    }
    const node = NodeData.safeParse(frame.data);
    return (node.success ? readNode(frame.event, node.data) : null) ?? readOther({ frame, raw });
  };
  return { read, finish };
};

const endOf = (data: NodeData) => ({
  status: nodeStatusOf(data.status),
  outputs: data.outputs ?? {},
  error: statedError(errorOf(data)),
  elapsedMs: toMs(data.elapsed_time),
});

/** How an http-request node asked: its request begins with the method, as on the wire. */
const methodOf = ({ process_data }: NodeData): { readonly method?: string } => {
  const method = /^([A-Z]+) /.exec(process_data?.request ?? "")?.[1];
  return method === undefined ? {} : { method };
};

/** A node whose error was caught says "Unknown error" in 1.14, and its message only among the outputs. */
const errorOf = ({ error, outputs, status }: NodeData): string | null => {
  const caught = outputs?.["error_message"];
  const isUnknown = error === null || error === undefined || /^unknown error$/i.test(error);
  return status === "exception" && isUnknown && typeof caught === "string" ? caught : (error ?? null);
};

const lengthOf = (data: NodeData): number | null => {
  const length = data.metadata?.["iteration_length"] ?? data.metadata?.["loop_length"];
  return typeof length === "number" ? length : null;
};

const readOther = ({ frame, raw }: Frame): FlowEvent | null => {
  switch (frame.event) {
    case "workflow_started":
      return frame.workflow_run_id && frame.task_id
        ? { event: "workflow_started", workflowRunId: frame.workflow_run_id, taskId: frame.task_id }
        : null;
    case "text_chunk":
    case "text_replace":
    case "reasoning_chunk": {
      const text = TextData.safeParse(frame.data);
      return text.success ? { event: frame.event, text: text.data } : null;
    }
    case "agent_log":
    case "human_input_required":
    case "workflow_paused": {
      const data = JsonObject.safeParse(frame.data);
      return { event: frame.event, data: data.success ? data.data : {} };
    }
    case "error": {
      const error = DifyErrorBody.parse(raw);
      return { event: "error", code: error.code, status: error.status, message: error.message };
    }
    default:
      return null;
  }
};
