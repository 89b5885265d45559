import { newId } from "../../../base/ids.ts";
import type { Json, JsonObject } from "../../../base/json.ts";
import type { FlowUsage } from "../../flow-event.ts";
import type { NodeContext } from "../../node.ts";

/** When a part of an agent's work began and ended, in milliseconds since the epoch. */
type Times = { readonly startedAtMs: number; readonly endedAtMs: number };

/** A part of the work in the log: a round, an answer of the model in it, or a call of a tool. */
export type LogEntry = {
  readonly end: (data: JsonObject, times: Times, more?: JsonObject) => void;
  readonly id: string;
};

/** The log of one agent, which Dify shows while it works and puts out with the `json` of its node. */
export type AgentLog = {
  readonly begin: (label: string, parent: LogEntry | null, metadata?: JsonObject) => LogEntry;
  /** The entries in the order of their beginnings, with what stands behind them where the node has no other JSON. */
  readonly output: () => readonly Json[];
};

const seconds = (ms: number): number => ms / 1_000;

/** What an answer cost, as the log states it. */
export const priceOf = ({ totalPrice, currency, totalTokens }: FlowUsage): JsonObject => ({
  total_price: totalPrice ?? 0,
  currency,
  total_tokens: totalTokens,
});

/** Opens the log; each entry is told as an event when it begins and when it ends, with Dify's keys. */
export const openAgentLog = ({
  nodeId,
  clock,
  log,
}: Pick<NodeContext, "nodeId" | "clock" | "log">): AgentLog => {
  const executionId = newId(clock.now());
  const entries: JsonObject[] = [];
  const tell = (entry: JsonObject): void => log({ node_execution_id: executionId, ...entry });
  return {
    begin: (label, parent, metadata = {}) => {
      const startedAtMs = clock.now();
      const id = newId(startedAtMs);
      const at = entries.length;
      const entry = (status: "start" | "success", data: JsonObject, more: JsonObject): JsonObject => ({
        id,
        parent_id: parent?.id ?? null,
        error: null,
        status,
        data,
        label,
        metadata: { ...metadata, ...more },
        node_id: nodeId,
      });
      entries.push(entry("start", {}, { started_at: seconds(startedAtMs) }));
      tell(entries[at] ?? {});
      return {
        id,
        end: (data, { startedAtMs: from, endedAtMs: to }, more = {}) => {
          const times = {
            started_at: seconds(from),
            finished_at: seconds(to),
            elapsed_time: seconds(to - from),
          };
          const ended = entry("success", data, { ...times, ...more });
          entries[at] = ended;
          tell(ended);
        },
      };
    },
    output: () => [...entries, { data: [] }],
  };
};
