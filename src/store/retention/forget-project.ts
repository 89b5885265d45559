import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Database, Sql } from "../database.ts";
import { endRuns, wakeWorkers } from "../end-runs.ts";
import { storableText } from "../insert-rows.ts";
import { lockClaims } from "../locks.ts";
import type { ReviewQueue } from "../review-queue.ts";
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
  readonly queue: ReviewQueue;
  readonly clock: Clock;
};

/** How long a review that is under way gets to stop before its run is taken from it. */
const STOP_MS = 20_000;
const POLL_MS = 200;
const BATCH = 500;

const FORGOTTEN = "everything about the project is being deleted";

const Id = z.object({ id: Whole });
const Waiting = z.object({ id: z.string(), job_id: z.string().nullable() });
const Job = z.object({ job_id: z.string() });

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
  const counts = await database.transaction((tx) => deleteRest(tx, parts.queue, projectIds));
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
const stopRuns = async (
  { database, queue, clock }: ForgetProjectParts,
  ids: readonly number[],
): Promise<void> => {
  await database.transaction(async (tx) => {
    await lockClaims(tx);
    const waiting = await tx.query(
      `SELECT id, job_id FROM reviewflow.runs
       WHERE project_id = ANY($1::bigint[]) AND state IN ('queued', 'retrying')`,
      [ids],
    );
    const ended = { state: "cancelled", reason: FORGOTTEN, reasonCode: null } as const;
    const ending = z
      .array(Waiting)
      .parse(waiting)
      .map(({ id, job_id }) => ({ ...ended, id, jobId: job_id }));
    await endRuns(tx, queue, ending, clock.now());
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

/** In one transaction, while nobody accepts or claims: nothing that arrives meanwhile is left half. */
const deleteRest = async (
  tx: Sql,
  queue: ReviewQueue,
  ids: readonly number[],
): Promise<Omit<ForgottenProject, "projectIds">> => {
  await lockClaims(tx);
  const jobs = await tx.query(
    "SELECT job_id FROM reviewflow.runs WHERE project_id = ANY($1::bigint[]) AND job_id IS NOT NULL",
    [ids],
  );
  await queue.remove(
    tx,
    z
      .array(Job)
      .parse(jobs)
      .map((row) => row.job_id),
  );
  const remove = async (table: string): Promise<number> =>
    (
      await tx.query(`DELETE FROM reviewflow.${table} WHERE project_id = ANY($1::bigint[]) RETURNING 1`, [
        ids,
      ])
    ).length;
  const runs = await remove("runs");
  const deliveries = await remove("deliveries");
  for (const table of ["flow_memory", "raised_findings", "voters", "lessons", "project_turns", "spendings"])
    await remove(table);
  return { runs, deliveries };
};
