import { z } from "zod";
import { ENDED_REASONS } from "../../review/decide.ts";
import type { Sql } from "../database.ts";
import { mergeRequestKey } from "../locks.ts";
import { readMergeRequests } from "../merge-request-states.ts";
import { SUPERSEDED, historyOf } from "../plan-accept.ts";
import { Whole } from "../schema.ts";
import type { AskedHead, Standing } from "./reconcile-store.ts";

const Row = z
  .object({
    id: z.string(),
    project_id: Whole,
    iid: Whole,
    head_sha: z.string().nullable(),
    state: z.enum(["failed", "cancelled", "superseded"]),
    reason: z.string().nullable(),
    passing: z.boolean(),
  })
  .transform((row) => ({ ...row, projectId: row.project_id }));

/** Reasons of a cancellation that a reopening undoes, or that lost their ground. */
const UNDONE: ReadonlySet<string | null> = new Set<string>([...Object.values(ENDED_REASONS), SUPERSEDED]);

const isFinal = ({ state, reason, passing }: z.infer<typeof Row>): boolean =>
  !passing && state !== "superseded" && !(state === "cancelled" && UNDONE.has(reason));

/** Reads what is known of merge requests and their heads; see ReconcileStore.readStandings. */
export const readStandings = async (sql: Sql, heads: readonly AskedHead[]): Promise<readonly Standing[]> => {
  if (heads.length === 0) return [];
  const states = await readMergeRequests(sql, [...new Set(heads.map(mergeRequestKey))]);
  const rows = await sql.query(
    `SELECT r.id, r.project_id, r.iid, r.head_sha, r.state, r.reason, r.passing FROM reviewflow.runs r
       JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])) AS asked (project_id, iid, sha)
         ON r.project_id = asked.project_id AND r.iid = asked.iid AND r.head_sha = asked.sha
     WHERE r.kind = 'review' AND r.state IN ('failed', 'cancelled', 'superseded') ORDER BY r.seq DESC`,
    [
      heads.map(({ projectId }) => projectId),
      heads.map(({ iid }) => iid),
      heads.map(({ headSha }) => headSha),
    ],
  );
  const unreviewed = z.array(Row).parse(rows);
  return heads.map((head) => ({
    history: historyOf(states.get(mergeRequestKey(head))),
    unreviewed: unreviewed
      .filter((row) => mergeRequestKey(row) === mergeRequestKey(head) && row.head_sha === head.headSha)
      .map((row) => ({ runId: row.id, state: row.state, final: isFinal(row) })),
  }));
};
