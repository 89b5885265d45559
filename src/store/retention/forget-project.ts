import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Database, Sql } from "../database.ts";
import { endRuns, wakeWorkers } from "../end-runs.ts";
import { storableText } from "../insert-rows.ts";
import { Whole } from "../schema.ts";
import { reclaimSpace } from "./reclaim.ts";

/** What was deleted of a project. */
export type ForgottenProject = {
  readonly projectIds: readonly number[];
  readonly deliveries: number;
  readonly runs: number;
};

/** What a project is forgotten with. */
export type ForgetProjectParts = {
  readonly database: Database;
  readonly clock: Clock;
};

/** How long a review that is under way gets to stop before its run is taken from it. */
const STOP_MS = 20_000;
const POLL_MS = 200;
const BATCH = 500;

const FORGOTTEN = "everything about the project is being deleted";

const Id = z.object({ id: Whole });
const Waiting = z.object({ id: z.string() });

/**
 * Deletes everything that is stored of a project: deliveries, runs with their journals and events, what flows
 * remember, what was learnt, and what it used of its budget. Reviews that are under way are stopped first. What
 * was posted to GitLab stays there. `project` is its path, or its id as digits; null when nothing is known of
 * it. A merge request that is heard of later is a new one.
 */
export const forgetProject = async (
  parts: ForgetProjectParts,
  project: string,
): Promise<ForgottenProject | null> => {
  const { database } = parts;
  const projectIds = await findProjects(database, project);
  if (projectIds.length === 0) return null;
  await stopRuns(parts, projectIds);
  await deleteInBatches(database, projectIds);
  const counts = await database.transaction((tx) => deleteRest(tx, projectIds));
  await reclaimSpace(database);
  return { projectIds, ...counts };
};

/** By its id, or by any path that it had; letter case does not matter, as in GitLab. */
const findProjects = async (sql: Sql, project: string): Promise<readonly number[]> => {
  const id = /^\d{1,15}$/.test(project) ? Number(project) : -1;
  const places = ["deliveries", "runs", "spendings", "lessons"].map(
    (table) =>
      `SELECT project_id AS id FROM reviewflow.${table} WHERE project_id = $1 OR lower(project_path) = lower($2)`,
  );
  const rows = await sql.query(
    `SELECT DISTINCT id FROM (${places.join(" UNION ALL ")}
       UNION ALL SELECT project_id FROM reviewflow.flow_memory WHERE project_id = $1
       UNION ALL SELECT project_id FROM reviewflow.raised_findings WHERE project_id = $1) AS known
     WHERE id IS NOT NULL`,
    [id, storableText(project)],
  );
  return z
    .array(Id)
    .parse(rows)
    .map((row) => row.id);
};

/** Ends what waits, and asks what is worked on to stop; gives it some time for that. */
const stopRuns = async ({ database, clock }: ForgetProjectParts, ids: readonly number[]): Promise<void> => {
  await database.transaction(async (tx) => {
    const waiting = await tx.query(
      `SELECT id FROM reviewflow.runs
       WHERE project_id = ANY($1::bigint[]) AND state IN ('queued', 'retrying') ORDER BY id FOR UPDATE`,
      [ids],
    );
    const ended = { state: "cancelled", reason: FORGOTTEN, reasonCode: null } as const;
    const ending = z
      .array(Waiting)
      .parse(waiting)
      .map(({ id }) => ({ ...ended, id }));
    await endRuns(tx, ending, clock.now());
    await tx.query(
      `UPDATE reviewflow.runs SET cancel_reason = coalesce(cancel_reason, $2)
       WHERE project_id = ANY($1::bigint[]) AND state = 'active'`,
      [ids, FORGOTTEN],
    );
    await wakeWorkers(tx);
  });
  const untilMs = clock.now() + STOP_MS;
  while (clock.now() < untilMs) {
    const active = await database.query(
      "SELECT 1 FROM reviewflow.runs WHERE project_id = ANY($1::bigint[]) AND state = 'active' LIMIT 1",
      [ids],
    );
    if (active.length === 0) return;
    await delay(POLL_MS);
  }
};

/** The most of it goes in small statements, so that others are not kept waiting. */
const deleteInBatches = async (sql: Sql, ids: readonly number[]): Promise<void> => {
  const parts = [
    `DELETE FROM reviewflow.delivery_bodies WHERE delivery_id IN (
       SELECT b.delivery_id FROM reviewflow.delivery_bodies b JOIN reviewflow.deliveries d ON d.id = b.delivery_id
       WHERE d.project_id = ANY($1::bigint[]) LIMIT ${BATCH})`,
    `DELETE FROM reviewflow.runs WHERE id IN (
       SELECT id FROM reviewflow.runs WHERE project_id = ANY($1::bigint[]) AND finished_at IS NOT NULL
         AND kind = 'reply' LIMIT ${BATCH})`,
  ];
  for (const text of parts) while ((await sql.query(`${text} RETURNING 1`, [ids])).length > 0);
};

/** In one transaction. What arrives meanwhile stays whole: a delivery is kept while its run is. */
const deleteRest = async (tx: Sql, ids: readonly number[]): Promise<Omit<ForgottenProject, "projectIds">> => {
  const remove = async (table: string, condition = "true"): Promise<number> => {
    const text = `DELETE FROM reviewflow.${table} WHERE project_id = ANY($1::bigint[]) AND ${condition} RETURNING 1`;
    return (await tx.query(text, [ids])).length;
  };
  const runs = await remove("runs");
  const deliveries = await remove(
    "deliveries",
    "NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = deliveries.id)",
  );
  for (const table of ["flow_memory", "raised_findings", "voters", "lessons", "fair_share", "spendings"])
    await remove(table);
  return { runs, deliveries };
};
