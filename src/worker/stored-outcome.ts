import { z } from "zod";
import { ContextLimit } from "../base/context-limit.ts";
import { StoredMessage } from "../base/reason.ts";
import { JsonObject } from "../base/json.ts";
import { FlowUsage } from "../flow/flow-usage.ts";
import { type FlowOutcome, INCOMPLETE_ANSWERS } from "../review/flow-runner.ts";

/** How a flow ended, as a journal keeps it. */
export const StoredOutcome: z.ZodType<FlowOutcome> = z.object({
  status: z.enum(["succeeded", "partial-succeeded", "failed", "stopped"]),
  outputs: JsonObject,
  error: z.union([z.string(), StoredMessage]).nullable(),
  usage: FlowUsage,
  contextLimit: ContextLimit.optional(),
  incompleteAnswer: z.enum(INCOMPLETE_ANSWERS).optional(),
  failedNodes: z.array(StoredMessage).optional(),
  fallbackUsed: z.string().optional(),
});
