import { z } from "zod";
import { JsonObject } from "../base/json.ts";

const text = z.string().nullish();
const count = z.number().nullish();
const object = JsonObject.nullish().catch(null);

/** One frame of Dify's event stream; `data` is read by the schema of its event. */
export const StreamFrame = z.object({
  event: z.string(),
  task_id: text,
  workflow_run_id: text,
  data: z.unknown().optional(),
});
/** One frame of Dify's event stream. */
export type StreamFrame = z.infer<typeof StreamFrame>;

/** The top level of an `error` frame and of every error answer. `status` may be missing or a text. */
export const DifyErrorBody = z.object({
  code: z.string().catch("unknown_error"),
  message: z.string().catch(""),
  status: z.coerce.number().int().catch(0),
});
/** The top level of an `error` frame and of every error answer. */
export type DifyErrorBody = z.infer<typeof DifyErrorBody>;

/** What Dify counts for a model call: in a node's `outputs.usage` or its `execution_metadata`. */
export const DifyUsage = z
  .object({
    total_tokens: count,
    prompt_tokens: count,
    completion_tokens: count,
    total_price: z.union([z.number(), z.string()]).nullish(),
    currency: text,
  })
  .catch({});
/** What Dify counts for a model call. */
export type DifyUsage = z.infer<typeof DifyUsage>;

/** The `data` of the events that speak of a node; every event has some of these. */
export const NodeData = z.object({
  node_id: z.string(),
  node_type: z.string().catch("unknown"),
  title: z.string().catch(""),
  status: text,
  inputs: object,
  outputs: object,
  /** Of an http-request node: the request as it was sent, headers and all. Of a node that asks a model: its name. */
  process_data: z
    .object({ request: z.string().optional().catch(undefined), model_name: text.catch(null) })
    .nullish()
    .catch(null),
  error: text,
  elapsed_time: count,
  index: count,
  retry_index: count,
  iteration_id: text,
  loop_id: text,
  metadata: object,
  execution_metadata: z
    .object({ iteration_index: count, loop_index: count, ...DifyUsage.unwrap().shape })
    .nullish()
    .catch(null),
});
/** The `data` of the events that speak of a node. */
export type NodeData = z.infer<typeof NodeData>;

/** The `data` of text events. */
export const TextData = z
  .object({ text: z.string().nullish(), reasoning: z.string().nullish() })
  .transform((data) => data.text ?? data.reasoning ?? "");

/**
 * How a run stands: `data` of `workflow_finished` and of a blocking answer, and the whole answer of
 * `GET /v1/workflows/run/{id}`, whose `outputs` some versions send as JSON text.
 */
export const RunState = z.object({
  status: z.string(),
  outputs: z.union([JsonObject, z.string()]).nullish().catch(null),
  error: text,
  elapsed_time: count,
  total_tokens: count,
  total_steps: count,
});
/** How a run stands. */
export type RunState = z.infer<typeof RunState>;

/** The answer of a run in blocking mode. */
export const BlockingAnswer = z.object({
  task_id: z.string(),
  workflow_run_id: z.string(),
  data: RunState,
});

/** The rows of `GET /v1/workflows/logs` that we look for, newest first. */
export const RunLogs = z.object({
  data: z.array(
    z.object({
      workflow_run: z.object({ id: z.string(), created_at: count.catch(null) }).nullish(),
      created_by_end_user: z.object({ session_id: z.string().nullish() }).nullish(),
    }),
  ),
});

/** `GET /v1/info`; older versions do not report the app's kind. */
export const AppInfo = z.object({ mode: text.catch(null) });

/** `GET /v1/parameters`; each field is read by `parseInputForm`, which knows both shapes. */
export const Parameters = z.object({ user_input_form: z.array(JsonObject).nullish() });

/** The answer of a stop; it says `success` whether or not there was something to stop. */
export const StopAnswer = z.object({ result: z.string().nullish() });
