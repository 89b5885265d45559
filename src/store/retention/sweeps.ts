import type { Sql } from "../database.ts";
import { REVIEWED_KEPT_MS, type Retention } from "./retention.ts";
import type { Sweep } from "./sweep.ts";

const BY_ARRIVAL = { table: "deliveries", age: "received_at" } as const;
const BY_END = { table: "runs", age: "finished_at" } as const;

const countRows = async (sql: Sql, text: string, values: readonly unknown[]): Promise<number> =>
  (await sql.query(`${text} RETURNING 1`, values)).length;

const DONE = "('succeeded', 'partial-succeeded')";

/** The newest finished review of its merge request: it tells that there was one. */
const IS_NEWEST_REVIEW = `r.kind = 'review' AND r.state IN ${DONE} AND NOT EXISTS (
  SELECT 1 FROM reviewflow.runs newer WHERE newer.project_id = r.project_id AND newer.iid = r.iid
    AND newer.kind = 'review' AND newer.state IN ${DONE} AND newer.seq > r.seq)`;

/**
 * Deletes runs with all that belongs to them. Of the newest review of a merge request the head stays, without
 * its result: else a merge request that is reviewed once would be reviewed again.
 */
const removeRuns: Sweep["remove"] = async (sql, ids, nowMs) => {
  const removed = await countRows(
    sql,
    `DELETE FROM reviewflow.runs r WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL
       AND (finished_at < $2 OR NOT (${IS_NEWEST_REVIEW}))`,
    [ids, nowMs - REVIEWED_KEPT_MS],
  );
  const emptied = await countRows(
    sql,
    `UPDATE reviewflow.runs SET event = '{}', result = 'null', reason = NULL
     WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL AND (event <> '{}' OR result <> 'null')`,
    [ids],
  );
  await sql.query("DELETE FROM reviewflow.steps WHERE run_id = ANY($1::uuid[])", [ids]);
  await sql.query("DELETE FROM reviewflow.run_events WHERE run_id = ANY($1::uuid[])", [ids]);
  return removed + emptied;
};

const UNFINISHED = `SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = d.id AND r.finished_at IS NULL`;

/** What is deleted by its age. Nothing of a run that has not ended is among it. */
export const sweepsOf = (retention: Retention): readonly Sweep[] => [
  {
    what: "bodies",
    keptMs: retention.bodies,
    of: BY_ARRIVAL,
    remove: (sql, ids) =>
      countRows(
        sql,
        `DELETE FROM reviewflow.delivery_bodies b USING reviewflow.deliveries d
         WHERE b.delivery_id = ANY($1::uuid[]) AND d.id = b.delivery_id AND NOT EXISTS (${UNFINISHED})`,
        [ids],
      ),
  },
  {
    what: "steps",
    keptMs: retention.steps,
    of: BY_END,
    remove: (sql, ids) =>
      countRows(sql, "DELETE FROM reviewflow.steps WHERE run_id = ANY($1::uuid[])", [ids]),
  },
  {
    what: "events",
    keptMs: retention.events,
    of: BY_END,
    remove: (sql, ids) =>
      countRows(sql, "DELETE FROM reviewflow.run_events WHERE run_id = ANY($1::uuid[])", [ids]),
  },
  { what: "runs", keptMs: retention.runs, of: BY_END, remove: removeRuns },
  {
    what: "deliveries",
    keptMs: retention.deliveries,
    of: BY_ARRIVAL,
    // A run names its delivery, so that it keeps it.
    remove: (sql, ids) =>
      countRows(
        sql,
        `DELETE FROM reviewflow.deliveries d WHERE id = ANY($1::uuid[])
           AND NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = d.id)`,
        [ids],
      ),
  },
];
