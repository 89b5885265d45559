import { z } from "zod";
import { StoreError } from "../base/errors.ts";
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
  "reason",
  "reasonCode",
  "attempts",
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
  "reason",
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
  "state",
  "failures",
  "stalledCount",
  "claimId",
  "cancelReason",
] as const satisfies readonly (keyof Row<"runs">)[];

/** What the store needs to move a run from one state to another. */
export type RunHandle = Readonly<Pick<Row<"runs">, (typeof HANDLE_COLUMNS)[number]>>;

const Headers = z.record(z.string(), z.string());

/** JSON text as it was written. Throws a StoreError for a column that something else has changed. */
const readJson = <T>(schema: z.ZodType<T>, text: string): T => {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new StoreError("A row of the store does not hold the JSON that was written to it.", {
    code: "store-damaged",
  });
};

/** A run as people see it. */
export const toRun = ({
  createdAt,
  startedAt,
  finishedAt,
  dueAt,
  event,
  result,
  usage,
  ...row
}: Pick<Row<"runs">, (typeof RUN_COLUMNS)[number]>): Run => ({
  ...row,
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
  ...row
}: Pick<Row<"deliveries">, (typeof DELIVERY_COLUMNS)[number]>): Delivery => ({
  ...row,
  receivedAtMs: receivedAt,
  headers: readJson(Headers, headers),
});
