import { z } from "zod";
import type { Sql } from "../database.ts";
import { mergeRequestKey } from "../locks.ts";
import { Whole } from "../schema.ts";
import type { AskedHead } from "./reconcile-store.ts";

const Row = z
  .object({ project_id: Whole, iid: Whole, head_sha: z.string(), last: Whole })
  .transform((row) => ({ projectId: row.project_id, iid: row.iid, headSha: row.head_sha, last: row.last }));

/** Reads when heads had their last run by a trigger; see ReconcileStore.readLastRuns. */
export const readLastRuns = async (
  sql: Sql,
  heads: readonly AskedHead[],
  trigger: string,
): Promise<readonly (number | null)[]> => {
  if (heads.length === 0) return [];
  const rows = await sql.query(
    `SELECT r.project_id, r.iid, r.head_sha, max(r.created_at) AS last FROM reviewflow.runs r
       JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])) AS asked (project_id, iid, sha)
         ON r.project_id = asked.project_id AND r.iid = asked.iid AND r.head_sha = asked.sha
     WHERE r.kind = 'review' AND r.trigger = $4 GROUP BY r.project_id, r.iid, r.head_sha`,
    [
      heads.map(({ projectId }) => projectId),
      heads.map(({ iid }) => iid),
      heads.map(({ headSha }) => headSha),
      trigger,
    ],
  );
  const keyOf = (head: AskedHead): string => `${mergeRequestKey(head)}@${head.headSha}`;
  const found = new Map(
    z
      .array(Row)
      .parse(rows)
      .map((row) => [keyOf(row), row.last]),
  );
  return heads.map((head) => found.get(keyOf(head)) ?? null);
};
