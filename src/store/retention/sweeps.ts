import { sql, type SqlBool } from "kysely";
import type { Sql } from "../database.ts";
import { REVIEWED_KEPT_MS, type Retention } from "./retention.ts";
import type { Sweep } from "./sweep.ts";
import { deleteInPieces } from "./delete-in-pieces.ts";

const DONE = sql`('succeeded', 'partial-succeeded')`;

/** The newest finished review of its merge request: it tells that there was one. */
const IS_NEWEST_REVIEW = sql<SqlBool>`runs.kind = 'review' AND runs.state IN ${DONE} AND NOT EXISTS (
  SELECT 1 FROM reviewflow.runs newer WHERE newer.project_id = runs.project_id AND newer.iid = runs.iid
    AND newer.kind = 'review' AND newer.state IN ${DONE} AND newer.seq > runs.seq)`;

const removeOfRuns =
  (table: "steps" | "run_events") =>
  (database: Sql, ids: readonly string[]): Promise<number> =>
    deleteInPieces(database, { table, key: ["seq"], where: sql`run_id IN (${sql.join(ids)})` });

const removeSteps = removeOfRuns("steps");
const removeEvents = removeOfRuns("run_events");

/**
 * Deletes runs with all that belongs to them. Of the newest review of a merge request the head stays, without
 * its result: else a merge request that is reviewed once would be reviewed again.
 */
const removeRuns: Sweep["remove"] = async (database, ids, nowMs) => {
  const { db } = database;
  await removeSteps(database, ids);
  await removeEvents(database, ids);
  const { numDeletedRows } = await db
    .deleteFrom("runs")
    .where("id", "in", ids)
    .where("finishedAt", "is not", null)
    .where((eb) => eb.or([eb("finishedAt", "<", nowMs - REVIEWED_KEPT_MS), eb.not(IS_NEWEST_REVIEW)]))
    .executeTakeFirst();
  const { numUpdatedRows } = await db
    .updateTable("runs")
    .set({ event: "{}", result: "null", reasonParams: null })
    .where("id", "in", ids)
    .where("finishedAt", "is not", null)
    .where((eb) => eb.or([eb("event", "<>", "{}"), eb("result", "<>", "null")]))
    .executeTakeFirst();
  return Number(numDeletedRows + numUpdatedRows);
};

/** What is deleted by its age. Nothing of a run that has not ended is among it. */
export const sweepsOf = (retention: Retention): readonly Sweep[] => [
  {
    what: "bodies",
    keptMs: retention.bodies,
    of: "arrival of deliveries",
    remove: (database, ids) =>
      deleteInPieces(database, {
        table: "delivery_bodies",
        key: ["delivery_id"],
        where: sql`delivery_id IN (${sql.join(ids)}) AND NOT EXISTS (SELECT 1 FROM reviewflow.runs r
          WHERE r.delivery_id = delivery_bodies.delivery_id AND r.finished_at IS NULL)`,
      }),
  },
  { what: "steps", keptMs: retention.steps, of: "end of runs", remove: removeSteps },
  { what: "events", keptMs: retention.events, of: "end of runs", remove: removeEvents },
  { what: "runs", keptMs: retention.runs, of: "end of runs", remove: removeRuns },
  {
    what: "deliveries",
    keptMs: retention.deliveries,
    of: "arrival of deliveries",
    // A run names its delivery, so that it keeps it.
    remove: async ({ db }, ids) => {
      const { numDeletedRows } = await db
        .deleteFrom("deliveries")
        .where("id", "in", ids)
        .where(sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = deliveries.id)`)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  },
];
