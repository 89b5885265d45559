import { z } from "zod";
import { JsonObject } from "../../../src/base/json.ts";
import { PortScript } from "../scripted-ports.ts";

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
  error: z.string().optional(),
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
  /** Parts of the problems that keep the file from running; all of them, in any order. */
  problems: z.array(z.string()).default([]),
  /** Parts of the warnings, each of which must be there. */
  warnings: z.array(z.string()).default([]),
  cases: z.array(ConformanceCase).default([]),
});
export type ConformanceSidecar = z.infer<typeof ConformanceSidecar>;
