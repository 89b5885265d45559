import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from "kysely";
import type { Sql } from "./database.ts";
import type { Tables } from "./tables.ts";

/** Whoever claims runs holds it alone; nobody else waits for it (PostgreSQL). */
export const CLAIM_LOCK = 7_265_763;

/** A merge request within the whole of GitLab. */
export type MergeRequestKey = { readonly projectId: number; readonly iid: number };

/** One text per merge request: the name of its lock. */
export const mergeRequestKey = (ref: MergeRequestKey): string => `${ref.projectId}!${ref.iid}`;

/** The merge request behind a mergeRequestKey. */
const fromKey = (key: string): MergeRequestKey => {
  const [projectId = 0, iid = 0] = key.split("!").map(Number);
  return { projectId, iid };
};

/** Whether a row belongs to one of these merge requests, by mergeRequestKey. */
export const isOfMergeRequests =
  (keys: readonly string[]) =>
  <Name extends "runs" | "reviewCache" | "findings">(
    eb: ExpressionBuilder<Tables, Name>,
  ): ExpressionWrapper<Tables, Name, SqlBool> =>
    eb.or(
      keys.map((key) => {
        const { projectId, iid } = fromKey(key);
        return sql<SqlBool>`(project_id = ${projectId} AND iid = ${iid})`;
      }),
    );

/**
 * Until the transaction ends, nobody else changes the waiting runs of these merge requests, settles theirs or
 * stores deliveries under these names, in any process. Locks are taken in one order, so that two cannot wait
 * for each other. A run that is about to be claimed is waited for; one that is locked here is not claimed.
 * SQLite has one writer at a time.
 */
export const lockMergeRequests = async (
  { db, dialect }: Sql,
  mergeRequests: readonly string[],
  names: readonly string[] = [],
): Promise<void> => {
  if (dialect === "sqlite") return;
  await sql`
    SELECT count(pg_advisory_xact_lock(k)) FROM
      (SELECT DISTINCT hashtextextended(name, 0) AS k FROM unnest(${[...mergeRequests, ...names]}::text[]) AS name
       ORDER BY k) AS ordered`.execute(db);
  if (mergeRequests.length === 0) return;
  await db
    .selectFrom("runs")
    .select("id")
    .where(isOfMergeRequests(mergeRequests))
    .where("state", "in", ["queued", "retrying"])
    .orderBy("id")
    .forUpdate()
    .execute();
};
