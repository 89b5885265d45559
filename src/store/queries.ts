import { sql } from "kysely";
import { decodeBody } from "./body-codec.ts";
import { countRuns } from "./counts.ts";
import type { Database } from "./database.ts";
import { DELIVERY_COLUMNS, RUN_COLUMNS, toDelivery, toRun } from "./run-rows.ts";
import type { QueueStatus, Store } from "./store.ts";

/** The questions of Store, without effects. */
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
> => {
  const { db } = database;
  return {
    getRun: async (runId) => {
      const row = await db.selectFrom("runs").select(RUN_COLUMNS).where("id", "=", runId).executeTakeFirst();
      return row === undefined ? null : toRun(row);
    },
    listRuns: async ({ limit, state }) => {
      const rows = await db
        .selectFrom("runs")
        .select(RUN_COLUMNS)
        .$if(state !== undefined, (query) => query.where("state", "=", state ?? "queued"))
        .orderBy("seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(toRun);
    },
    getDelivery: async (deliveryId) => {
      const row = await db
        .selectFrom("deliveries")
        .select(DELIVERY_COLUMNS)
        .where("id", "=", deliveryId)
        .executeTakeFirst();
      return row === undefined ? null : toDelivery(row);
    },
    getDeliveryBody: async (deliveryId) => {
      const stored = await db
        .selectFrom("deliveryBodies")
        .select(["encoding", "bytes"])
        .where("deliveryId", "=", deliveryId)
        .executeTakeFirst();
      return stored === undefined ? null : decodeBody(stored);
    },
    listDeliveries: async ({ limit }) => {
      const rows = await db
        .selectFrom("deliveries")
        .select(DELIVERY_COLUMNS)
        .orderBy("seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(toDelivery);
    },
    countRuns: () => countRuns(database),
    queueStatus: () => readQueueStatus(database),
    ping: async () => {
      await sql`SELECT 1`.execute(db);
    },
  };
};

const readQueueStatus = async (database: Database): Promise<QueueStatus> => {
  const { db } = database;
  const { queued, retrying, active } = await countRuns(database);
  const oldest = await db
    .selectFrom("runs")
    .select("createdAt")
    .where("state", "=", "queued")
    .orderBy("seq")
    .limit(1)
    .executeTakeFirst();
  const waiting = await db
    .selectFrom("runs as r")
    .leftJoin("outages as g", (join) =>
      join.onRef("g.kind", "=", "r.waitingKind").onRef("g.name", "=", "r.waitingName"),
    )
    .select((eb) => ["g.state", eb.fn.countAll<number>().as("count")])
    .where("r.state", "=", "queued")
    .where("r.waitingKind", "is not", null)
    .groupBy("g.state")
    .execute();
  return {
    queued,
    waiting: waiting.reduce((sum, { count }) => sum + count, 0),
    parked: waiting.find(({ state }) => state === "parked")?.count ?? 0,
    retrying,
    active,
    oldestQueuedAtMs: oldest?.createdAt ?? null,
  };
};
