import { setTimeout as delay } from "node:timers/promises";
import { type CompiledQuery, sql, type SqlBool } from "kysely";
import { reasonOf } from "../../base/reason.ts";
import type { Clock } from "../../base/clock.ts";
import type { Database, Sql } from "../database.ts";
import { decideAndWrite } from "../decide-and-write.ts";
import { endedColumns, firstCancelColumns } from "../end-runs.ts";
import { forgetProvenTokensOf } from "../proven-tokens.ts";
import { storableText } from "../stored-text.ts";
import { type Rows, deleteInPieces } from "./delete-in-pieces.ts";

/** What was deleted of a project. */
export type ForgottenProject = {
  readonly projectIds: readonly number[];
  readonly deliveries: number;
  readonly runs: number;
};

type Counts = Omit<ForgottenProject, "projectIds">;

/** What a project is forgotten with. */
export type ForgetProjectParts = {
  readonly database: Database;
  readonly clock: Clock;
};

/** How long a review that is under way gets to stop before its run is taken from it. */
const STOP_MS = 20_000;
const POLL_MS = 200;

const FORGOTTEN = reasonOf("project-forgotten");

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
  const most = await deleteMost(database, projectIds);
  await forgetProvenTokensOf(database, projectIds);
  const rest = await deleteRest(database, projectIds);
  return { projectIds, runs: most.runs + rest.runs, deliveries: most.deliveries + rest.deliveries };
};

/** By its id, or by any path that it had; letter case does not matter, as in GitLab. */
const findProjects = async ({ db }: Sql, project: string): Promise<readonly number[]> => {
  const id = /^\d{1,15}$/.test(project) ? Number(project) : -1;
  const path = storableText(project);
  const named = ["deliveries", "runs", "spendings", "lessons"].map(
    (table) =>
      sql`SELECT project_id AS id FROM ${sql.raw(`reviewflow.${table}`)}
          WHERE project_id = ${id} OR lower(project_path) = lower(${path})`,
  );
  const known = ["review_cache", "findings", "own_notes", "proven_tokens"].map(
    (table) => sql`SELECT project_id AS id FROM ${sql.raw(`reviewflow.${table}`)} WHERE project_id = ${id}`,
  );
  const { rows } = await sql<{ id: number }>`
    SELECT DISTINCT id FROM (${sql.join([...named, ...known], sql` UNION ALL `)}) AS known
    WHERE id IS NOT NULL`.execute(db);
  return rows.map((row) => row.id);
};

/** Ends what waits, and asks what is worked on to stop, until nothing is left or the time for that is over. */
const stopRuns = async ({ database, clock }: ForgetProjectParts, ids: readonly number[]): Promise<void> => {
  const untilMs = clock.now() + STOP_MS;
  do {
    await decideAndWrite(database, async (tx) => ({
      result: undefined,
      statements: stopping(tx, ids, clock.now()),
      wakesWorkers: true,
    }));
    const left = await database.db
      .selectFrom("runs")
      .select("id")
      .where("projectId", "in", ids)
      .where("state", "in", ["queued", "retrying", "active"])
      .limit(1)
      .executeTakeFirst();
    if (left === undefined) return;
    await delay(POLL_MS);
  } while (clock.now() < untilMs);
};

/** A run that a worker takes or puts back in between is met the next time. */
const stopping = ({ db }: Sql, ids: readonly number[], nowMs: number): readonly CompiledQuery[] => {
  const ofProject = db.updateTable("runs").where("projectId", "in", ids);
  const ended = db
    .selectFrom("runs")
    .select("id")
    .where("projectId", "in", ids)
    .where("state", "=", "cancelled");
  return [
    ofProject
      .set(endedColumns({ state: "cancelled", reason: FORGOTTEN }, nowMs))
      .where("state", "in", ["queued", "retrying"])
      .compile(),
    db.deleteFrom("runTokens").where("runId", "in", ended).compile(),
    ofProject.set(firstCancelColumns(FORGOTTEN)).where("state", "=", "active").compile(),
  ];
};

/** The most of it goes in small statements, so that others are not kept waiting. */
const deleteMost = async (database: Sql, ids: readonly number[]): Promise<Counts> => {
  const ofProject = sql`project_id IN (${sql.join(ids)})`;
  const ended = sql`${ofProject} AND finished_at IS NOT NULL`;
  const ofRuns = sql`run_id IN (SELECT id FROM reviewflow.runs WHERE ${ended})`;
  const rows: readonly Rows[] = [
    {
      table: "delivery_bodies",
      key: ["delivery_id"],
      where: sql`delivery_id IN (SELECT id FROM reviewflow.deliveries WHERE ${ofProject})`,
    },
    {
      table: "shadow_steps",
      key: ["seq"],
      where: sql`shadow_id IN (SELECT id FROM reviewflow.shadow_runs WHERE ${ofRuns})`,
    },
    { table: "steps", key: ["seq"], where: ofRuns },
    { table: "run_events", key: ["seq"], where: ofRuns },
    { table: "review_cache", key: ["seq"], where: ofProject },
    { table: "findings", key: ["project_id", "iid", "flow", "fingerprint"], where: ofProject },
    { table: "own_notes", key: ["project_id", "iid", "note_id"], where: ofProject },
  ];
  for (const some of rows) await deleteInPieces(database, some);
  const runs = await deleteInPieces(database, { table: "runs", key: ["seq"], where: ended });
  const deliveries = await deleteInPieces(database, {
    table: "deliveries",
    key: ["seq"],
    where: sql`${ofProject} AND NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = deliveries.id)`,
  });
  return { runs, deliveries };
};

/**
 * Runs with what hangs on no run go together, deliveries after them: whoever is interrupted finds the project by those
 * that are left. What arrives meanwhile stays whole: a delivery is kept while its run is.
 */
const deleteRest = async (database: Database, ids: readonly number[]): Promise<Counts> => {
  const runs = await decideAndWrite(database, async ({ db }) => {
    const rows = await db.selectFrom("runs").select("id").where("projectId", "in", ids).execute();
    const runIds = rows.map(({ id }) => id);
    return {
      result: rows.length,
      statements: [
        ...(runIds.length === 0 ? [] : [db.deleteFrom("runs").where("id", "in", runIds).compile()]),
        ...OF_PROJECT.map((table) => db.deleteFrom(table).where("projectId", "in", ids).compile()),
      ],
      wakesWorkers: false,
    };
  });
  const { numDeletedRows } = await database.db
    .deleteFrom("deliveries")
    .where("projectId", "in", ids)
    .where(sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.delivery_id = deliveries.id)`)
    .executeTakeFirst();
  return { runs, deliveries: Number(numDeletedRows) };
};

const OF_PROJECT = [
  "reviewCache",
  "findings",
  "voters",
  "lessons",
  "fairShare",
  "spendings",
  "ownNotes",
  "progressNotes",
  "reactions",
  "pendingStatuses",
] as const;
