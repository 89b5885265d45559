import { z } from "zod";
import { StoredBody, decodeBody } from "./body-codec.ts";
import type { Database } from "./database.ts";
import {
  DELIVERY_COLUMNS,
  DeliveryRow,
  RUN_COLUMNS,
  RunRow,
  RunState as State,
  Whole,
  isUuid,
} from "./schema.ts";
import type { QueueStatus, RunState, Store } from "./store.ts";

const Count = z.object({ state: State, count: Whole });
const Unfinished = z.object({ state: z.enum(["queued", "retrying", "active"]), count: Whole, oldest: Whole });

/** The questions of Store, without effects. An id that is none is unknown. */
export const createQueries = (
  database: Database,
): Pick<
  Store,
  | "getRun"
  | "listRuns"
  | "getDelivery"
  | "getDeliveryBody"
  | "listDeliveries"
  | "countRuns"
  | "queueStatus"
  | "ping"
> => ({
  getRun: async (runId) => {
    if (!isUuid(runId)) return null;
    const rows = await database.query(`SELECT ${RUN_COLUMNS} FROM reviewflow.runs WHERE id = $1`, [runId]);
    return z.array(RunRow).parse(rows)[0] ?? null;
  },
  listRuns: async ({ limit, state }) => {
    const rows = await database.query(
      `SELECT ${RUN_COLUMNS} FROM reviewflow.runs WHERE ($2::text IS NULL OR state = $2) ORDER BY seq DESC LIMIT $1`,
      [limit, state ?? null],
    );
    return z.array(RunRow).parse(rows);
  },
  getDelivery: async (deliveryId) => {
    if (!isUuid(deliveryId)) return null;
    const rows = await database.query(`SELECT ${DELIVERY_COLUMNS} FROM reviewflow.deliveries WHERE id = $1`, [
      deliveryId,
    ]);
    return z.array(DeliveryRow).parse(rows)[0] ?? null;
  },
  getDeliveryBody: async (deliveryId) => {
    if (!isUuid(deliveryId)) return null;
    const rows = await database.query(
      "SELECT encoding, encode(bytes, 'base64') AS base64 FROM reviewflow.delivery_bodies WHERE delivery_id = $1",
      [deliveryId],
    );
    const [stored] = z.array(StoredBody).parse(rows);
    return stored === undefined ? null : decodeBody(stored);
  },
  listDeliveries: async ({ limit }) => {
    const rows = await database.query(
      `SELECT ${DELIVERY_COLUMNS} FROM reviewflow.deliveries ORDER BY seq DESC LIMIT $1`,
      [limit],
    );
    return z.array(DeliveryRow).parse(rows);
  },
  countRuns: () => countRuns(database),
  queueStatus: () => readQueueStatus(database),
  ping: async () => {
    await database.query("SELECT 1");
  },
});

const readQueueStatus = async (database: Database): Promise<QueueStatus> => {
  const rows = await database.query(
    `SELECT state, count(*) AS count, min(created_at) AS oldest FROM reviewflow.runs
       WHERE state IN ('queued', 'retrying', 'active') GROUP BY state`,
  );
  const unfinished = z.array(Unfinished).parse(rows);
  const find = (wanted: string) => unfinished.find(({ state }) => state === wanted);
  return {
    queued: find("queued")?.count ?? 0,
    retrying: find("retrying")?.count ?? 0,
    active: find("active")?.count ?? 0,
    oldestQueuedAtMs: find("queued")?.oldest ?? null,
  };
};

const countRuns = async (database: Database): Promise<Readonly<Record<RunState, number>>> => {
  const rows = await database.query("SELECT state, count(*) AS count FROM reviewflow.runs GROUP BY state");
  const counts = {
    queued: 0,
    active: 0,
    retrying: 0,
    succeeded: 0,
    "partial-succeeded": 0,
    failed: 0,
    cancelled: 0,
    superseded: 0,
  };
  for (const { state, count } of z.array(Count).parse(rows)) counts[state] = count;
  return counts;
};
