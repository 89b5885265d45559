import type { Sql } from "./database.ts";

/** Whoever claims runs holds it alone, whoever changes one merge request's runs shares it. */
const CLAIM_LOCK = 7_265_763;

/** A merge request within the whole of GitLab. */
export type MergeRequestKey = { readonly projectId: number; readonly iid: number };

/** One text per merge request: the key of its lock and of its jobs. */
export const mergeRequestKey = (ref: MergeRequestKey): string => `${ref.projectId}!${ref.iid}`;

/**
 * Until the transaction ends, nobody else changes the runs of these merge requests or stores deliveries
 * under these names, in any process. Locks are taken in one order, so that two cannot wait for each other.
 */
export const lockMergeRequests = async (tx: Sql, keys: readonly string[]): Promise<void> => {
  await tx.query(
    `SELECT pg_advisory_xact_lock_shared($1),
       (SELECT count(pg_advisory_xact_lock(k)) FROM
         (SELECT DISTINCT hashtextextended(name, 0) AS k FROM unnest($2::text[]) AS name ORDER BY k) AS ordered)`,
    [CLAIM_LOCK, keys],
  );
};

/**
 * Until the transaction ends, nobody else claims, settles or accepts. Claiming learns only from the
 * queue which merge requests it touches, so it cannot lock them one by one beforehand.
 */
export const lockClaims = async (tx: Sql): Promise<void> => {
  await tx.query("SELECT pg_advisory_xact_lock($1)", [CLAIM_LOCK]);
};
