import { z } from "zod";
import { type Json, JsonObject } from "../../../src/base/json.ts";
import { englishOf, type FlowMessage, isFlowMessage } from "../../../src/flow/messages/message.ts";
import { isJsonArray, isJsonObject } from "../../../src/flow/value-type.ts";
import { PortScript } from "../scripted-ports.ts";

/** A message of the engine; among the outputs of a run it stands for its English text, which flows read. */
const StatedMessage = z.custom<FlowMessage>(isFlowMessage);

/** What somebody else says, or a message of the engine. */
const Text = z.union([z.string(), StatedMessage]);

const StatedProblem = z.strictObject({
  node: z.string().nullable().default(null),
  field: z.string(),
  message: StatedMessage,
});

/** Expected values with the text of each message in them. */
export const withTexts = (value: Json): Json => {
  if (isFlowMessage(value)) return englishOf(value);
  if (isJsonArray(value)) return value.map(withTexts);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTexts(one)]));
};

/** One run of a workflow file and all that must come of it. Left-out expectations are not checked. */
export const ConformanceCase = z.strictObject({
  name: z.string(),
  inputs: JsonObject.default({}),
  query: z.string().optional(),
  secrets: z.record(z.string(), z.string()).default({}),
  limits: z.record(z.string(), z.number()).default({}),
  ports: z.strictObject(PortScript.shape).optional(),
  /** How the run ends; `refused` when it does not start, with `error`. */
  status: z.enum(["succeeded", "partial-succeeded", "failed", "stopped", "refused"]),
  outputs: JsonObject.optional(),
  error: Text.optional(),
  /** Events, as lines of `showEvent`, that must come in this order; others may come between. */
  events: z.array(z.string()).default([]),
  /** Nodes that must not start. */
  not_run: z.array(z.string()).default([]),
  /** All text chunks together. */
  text: z.string().optional(),
  /** Outputs of single nodes, by id. */
  node_outputs: z.record(z.string(), JsonObject).default({}),
  tokens: z.number().optional(),
  steps: z.number().optional(),
});
export type ConformanceCase = z.infer<typeof ConformanceCase>;

/** What stands beside a workflow file: a file that cannot run says why, others have cases. */
export const ConformanceSidecar = z.strictObject({
  /** All that keeps the file from running, and all that is doubtful in it, in the order in which it is said. */
  problems: z.array(StatedProblem).default([]),
  warnings: z.array(StatedProblem).default([]),
  cases: z.array(ConformanceCase).default([]),
});
export type ConformanceSidecar = z.infer<typeof ConformanceSidecar>;
