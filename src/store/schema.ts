import { z } from "zod";
import { Json, JsonObject, parseJson } from "../base/json.ts";
import { FlowUsage } from "../flow/flow-usage.ts";

/** PostgreSQL's bigint, which drivers return as text, number or bigint. Ours stay below 2^53. */
export const Whole = z.union([z.number(), z.string(), z.bigint()]).transform(Number);

const WholeOrNull = Whole.nullable();

/** A column of JSON text. */
const jsonText = <T>(schema: z.ZodType<T>) =>
  z.string().transform((text, context) => {
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: "custom", message: "not the JSON that was written" });
    return z.NEVER;
  });

/** What a run can be; see RunState. */
export const RunState = z.enum([
  "queued",
  "active",
  "retrying",
  "succeeded",
  "partial-succeeded",
  "failed",
  "cancelled",
  "superseded",
]);

/** What a run is for; see RunKind. */
const RunKind = z.enum(["review", "reply"]);

/** A row of `runs` as people see it. */
export const RunRow = z
  .object({
    id: z.string(),
    kind: RunKind,
    delivery_id: z.string(),
    project_id: Whole,
    project_path: z.string(),
    iid: Whole,
    head_sha: z.string().nullable(),
    flow: z.string(),
    trigger: z.string(),
    state: RunState,
    reason: z.string().nullable(),
    reason_code: z.string().nullable(),
    attempts: z.number(),
    created_at: Whole,
    started_at: WholeOrNull,
    finished_at: WholeOrNull,
    due_at: Whole,
    event: jsonText(JsonObject),
    result: jsonText(Json),
    usage: jsonText(FlowUsage),
  })
  .transform((row) => ({
    id: row.id,
    kind: row.kind,
    deliveryId: row.delivery_id,
    projectId: row.project_id,
    projectPath: row.project_path,
    iid: row.iid,
    headSha: row.head_sha,
    flow: row.flow,
    trigger: row.trigger,
    state: row.state,
    reason: row.reason,
    reasonCode: row.reason_code,
    attempts: row.attempts,
    createdAtMs: row.created_at,
    startedAtMs: row.started_at,
    finishedAtMs: row.finished_at,
    nextAttemptAtMs: row.due_at === 0 ? null : row.due_at,
    event: row.event,
    result: row.result,
    usage: row.usage,
  }));

/** The columns of RunRow. */
export const RUN_COLUMNS =
  "id, kind, delivery_id, project_id, project_path, iid, head_sha, flow, trigger, state, reason, reason_code, " +
  "attempts, created_at, started_at, finished_at, due_at, event, result, usage";

/** What became of a delivery. */
export const Decision = z.enum(["review", "reply", "cancel", "ignore"]);

/** A row of `deliveries`. */
export const DeliveryRow = z
  .object({
    id: z.string(),
    key: z.string(),
    event_name: z.string(),
    received_at: Whole,
    project_id: WholeOrNull,
    project_path: z.string().nullable(),
    iid: WholeOrNull,
    headers: jsonText(z.record(z.string(), z.string())),
    decision: Decision,
    reason: z.string(),
    run_id: z.string().nullable(),
    repeats: z.number(),
  })
  .transform((row) => ({
    id: row.id,
    key: row.key,
    eventName: row.event_name,
    receivedAtMs: row.received_at,
    projectId: row.project_id,
    projectPath: row.project_path,
    iid: row.iid,
    headers: row.headers,
    decision: row.decision,
    reason: row.reason,
    runId: row.run_id,
    repeats: row.repeats,
  }));

/** The columns of DeliveryRow. */
export const DELIVERY_COLUMNS =
  "id, key, event_name, received_at, project_id, project_path, iid, headers, decision, reason, run_id, repeats";

/** What the store needs to move a run from one state to another. */
export const RunHandle = z
  .object({
    id: z.string(),
    kind: RunKind,
    project_id: Whole,
    iid: Whole,
    head_sha: z.string().nullable(),
    state: RunState,
    failures: z.number(),
    losses: z.number(),
    claim_id: z.string().nullable(),
    cancel_reason: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    kind: row.kind,
    projectId: row.project_id,
    iid: row.iid,
    headSha: row.head_sha,
    state: row.state,
    failures: row.failures,
    losses: row.losses,
    claimId: row.claim_id,
    cancelReason: row.cancel_reason,
  }));

/** The type of a RunHandle. */
export type RunHandle = z.infer<typeof RunHandle>;

/** The columns of RunHandle. */
export const HANDLE_COLUMNS =
  "id, kind, project_id, iid, head_sha, state, failures, losses, claim_id, cancel_reason";

/** Whether `text` can be an id of ours; PostgreSQL refuses to compare anything else with one. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
