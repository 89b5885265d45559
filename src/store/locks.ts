import type { Sql } from "./database.ts";

/** Whoever claims runs holds it alone; nobody else waits for it. */
export const CLAIM_LOCK = 7_265_763;

/** A merge request within the whole of GitLab. */
export type MergeRequestKey = { readonly projectId: number; readonly iid: number };

/** One text per merge request: the name of its lock. */
export const mergeRequestKey = (ref: MergeRequestKey): string => `${ref.projectId}!${ref.iid}`;

/**
 * Until the transaction ends, nobody else changes the waiting runs of these merge requests, settles theirs or
 * stores deliveries under these names, in any process. Locks are taken in one order, so that two cannot wait
 * for each other. A run that is about to be claimed is waited for; one that is locked here is not claimed.
 */
export const lockMergeRequests = async (
  tx: Sql,
  mergeRequests: readonly string[],
  names: readonly string[] = [],
): Promise<void> => {
  await tx.query(
    `SELECT count(pg_advisory_xact_lock(k)) FROM
       (SELECT DISTINCT hashtextextended(name, 0) AS k FROM unnest($1::text[]) AS name ORDER BY k) AS ordered`,
    [[...mergeRequests, ...names]],
  );
  const parts = mergeRequests.map((key) => key.split("!").map(Number));
  await tx.query(
    `SELECT 1 FROM reviewflow.runs
     WHERE (project_id, iid) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
       AND state IN ('queued', 'retrying') ORDER BY id FOR UPDATE`,
    [parts.map(([projectId]) => projectId), parts.map(([, iid]) => iid)],
  );
};
