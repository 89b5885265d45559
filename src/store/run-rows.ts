import { message } from "../messages/message.ts";
import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import { type Reason, reasonFrom } from "../base/reason.ts";
import { Json, JsonObject, parseJson } from "../base/json.ts";
import { FlowUsage } from "../flow/flow-usage.ts";
import type { Delivery, Run } from "./store.ts";
import type { Row } from "./tables.ts";

/** The columns of a Run. */
export const RUN_COLUMNS = [
  "id",
  "kind",
  "deliveryId",
  "projectId",
  "projectPath",
  "iid",
  "headSha",
  "flow",
  "trigger",
  "state",
  "reasonCode",
  "reasonParams",
  "attempts",
  "waits",
  "waitingKind",
  "waitingName",
  "waitingSince",
  "createdAt",
  "startedAt",
  "finishedAt",
  "dueAt",
  "event",
  "result",
  "usage",
] as const satisfies readonly (keyof Row<"runs">)[];

/** The columns of a Delivery. */
export const DELIVERY_COLUMNS = [
  "id",
  "key",
  "eventName",
  "receivedAt",
  "projectId",
  "projectPath",
  "iid",
  "headers",
  "decision",
  "reasonCode",
  "reasonParams",
  "runId",
  "repeats",
] as const satisfies readonly (keyof Row<"deliveries">)[];

/** The columns of a RunHandle. */
export const HANDLE_COLUMNS = [
  "id",
  "kind",
  "projectId",
  "iid",
  "headSha",
  "targetBranch",
  "state",
  "failures",
  "stalledCount",
  "waits",
  "claimId",
  "cancelCode",
  "cancelParams",
] as const satisfies readonly (keyof Row<"runs">)[];

/** What the store needs to move a run from one state to another. */
export type RunHandle = Readonly<Pick<Row<"runs">, (typeof HANDLE_COLUMNS)[number]>>;

const Headers = z.record(z.string(), z.string());

/** JSON text as it was written. Throws a StoreError for a column that something else has changed. */
export const readJson = <T>(schema: z.ZodType<T>, text: string): T => {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new StoreError(message("store.row-damaged"), {
    code: "store-damaged",
  });
};

/** A reason on its way into a row: its text parameters are JSON, so that they may hold anything. */
export const reasonColumns = ({ code, params }: Reason) => ({
  reasonCode: code,
  reasonParams: JSON.stringify(params),
});

/** The columns of a row without a reason. */
export const NO_REASON = { reasonCode: null, reasonParams: null } as const;

/** The reason in a row; its parameters may have been swept away with other texts of people. */
export const readReason = (code: string, params: string | null): Reason =>
  reasonFrom(code, parseJson(params ?? "{}"));

/** A run as people see it. */
export const toRun = ({
  createdAt,
  startedAt,
  finishedAt,
  dueAt,
  event,
  result,
  usage,
  reasonCode,
  reasonParams,
  waitingKind,
  waitingName,
  waitingSince,
  ...row
}: Pick<Row<"runs">, (typeof RUN_COLUMNS)[number]>): Run => ({
  ...row,
  waitingFor:
    row.state === "queued" && waitingKind !== null && waitingName !== null && waitingSince !== null
      ? { kind: waitingKind, name: waitingName, sinceMs: waitingSince }
      : null,
  reason: reasonCode === null ? null : readReason(reasonCode, reasonParams),
  createdAtMs: createdAt,
  startedAtMs: startedAt,
  finishedAtMs: finishedAt,
  nextAttemptAtMs: dueAt === 0 ? null : dueAt,
  event: readJson(JsonObject, event),
  result: readJson(Json, result),
  usage: readJson(FlowUsage, usage),
});

/** A delivery as people see it. */
export const toDelivery = ({
  receivedAt,
  headers,
  reasonCode,
  reasonParams,
  ...row
}: Pick<Row<"deliveries">, (typeof DELIVERY_COLUMNS)[number]>): Delivery => ({
  ...row,
  reason: readReason(reasonCode, reasonParams),
  receivedAtMs: receivedAt,
  headers: readJson(Headers, headers),
});
