import { StoredMessage } from "../base/reason.ts";
import { z } from "zod";
import { JsonObject } from "../base/json.ts";
import { FlowUsage } from "../flow/flow-usage.ts";

/** The most events that are kept of one run. */
export const MAX_RUN_EVENTS = 2_000;

/** Which of the workflows of a configured flow a call goes to; `index` counts the passes from 0. */
export const CallPart = z.object({
  role: z.enum(["main", "pass", "verify", "summary", "reply"]),
  index: z.number(),
});
/** The type of a CallPart. */
export type CallPart = Readonly<z.infer<typeof CallPart>>;

const EventNode = z.object({
  nodeId: z.string(),
  nodeType: z.string(),
  title: z.string(),
  container: z.object({ nodeId: z.string(), index: z.number() }).nullable(),
});

/** What a node or a call ended with: somebody's words, or a message. */
const Stated = z.union([z.string(), StoredMessage]);

/** How a call of a flow ended; `interrupted` when it threw, so that another attempt may go on with it. */
const CallStatus = z.enum(["succeeded", "partial-succeeded", "failed", "stopped", "interrupted"]);

const NodeStatus = z.enum([
  "pending",
  "running",
  "succeeded",
  "failed",
  "exception",
  "stopped",
  "paused",
  "retry",
]);

/**
 * Something that happened in a call of a flow, kept for people to look at. Texts in it are cut, and
 * secrets are not in it. `atMs` is in milliseconds since the epoch; `callId` is of that call alone.
 */
export const NewRunEvent = z.intersection(
  z.object({ atMs: z.number(), callId: z.string() }),
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("call-started"),
      /** Names the question within the run; a later call with the same key asks it again. */
      key: z.string(),
      part: CallPart,
      attempt: z.number(),
      /** The files that the flow was shown, where it was shown some of the change. */
      files: z.array(z.string()),
      /** How many files there were, which may be more than are named. */
      fileCount: z.number(),
      /** Of the flow; null when it is not known. */
      digest: z.string().nullable(),
    }),
    z.object({ kind: z.literal("node-started"), node: EventNode, inputs: JsonObject }),
    z.object({
      kind: z.literal("node-finished"),
      node: EventNode,
      status: NodeStatus,
      inputs: JsonObject,
      outputs: JsonObject,
      error: Stated.nullable(),
      elapsedMs: z.number(),
      usage: FlowUsage,
      /** Whether the outputs come from an earlier attempt, and the node did not run now. */
      resumed: z.boolean(),
    }),
    z.object({ kind: z.literal("node-retry"), node: EventNode, error: Stated, retryIndex: z.number() }),
    z.object({ kind: z.literal("container-started"), node: EventNode, length: z.number().nullable() }),
    z.object({ kind: z.literal("container-round"), node: EventNode, index: z.number() }),
    z.object({
      kind: z.literal("container-finished"),
      node: EventNode,
      status: NodeStatus,
      outputs: JsonObject,
      error: Stated.nullable(),
      elapsedMs: z.number(),
    }),
    z.object({
      kind: z.literal("call-finished"),
      status: CallStatus,
      error: Stated.nullable(),
      elapsedMs: z.number(),
      usage: FlowUsage.nullable(),
      /** Events of this call that were left out because there were too many. */
      omitted: z.number(),
      /** That another runner stood in for the configured one, for people. */
      fallbackUsed: z.string().optional(),
    }),
  ]),
);

/** The type of a NewRunEvent. */
export type NewRunEvent = Readonly<z.infer<typeof NewRunEvent>>;

/** A kept event. `seq` grows with every event of the run, with gaps. */
export type RunEvent = NewRunEvent & { readonly seq: number };

/** Which node an event speaks of. */
export type RunEventNode = z.infer<typeof EventNode>;

/** Reading what happened in the flow calls of runs. */
export type RunEventReading = {
  /**
   * The events of a run behind `after` (a `seq`; 0 for the beginning), in their order, at most `limit`
   * (MAX_RUN_EVENTS when left out). Empty for an unknown run.
   */
  readonly listRunEvents: (
    runId: string,
    range: { readonly after: number; readonly limit?: number },
  ) => Promise<readonly RunEvent[]>;
  /**
   * Calls `onEvents` when this process has stored events of the run; what other processes store is found
   * by asking again. Returns what ends it.
   */
  readonly watchRunEvents: (runId: string, onEvents: () => void) => () => void;
};
