import { z } from "zod";
import type { Sql } from "./database.ts";
import { mergeRequestKey } from "./locks.ts";
import type { LiveRun, MergeRequestState } from "./plan-accept.ts";
import { HANDLE_COLUMNS, RunHandle, Whole } from "./schema.ts";

const liveRun = (handle: RunHandle | undefined): LiveRun | null =>
  handle === undefined ? null : { id: handle.id, headSha: handle.headSha, cancelReason: handle.cancelReason };

/** The key in the memory of a flow under which it says whether a merge request's reviews are paused. */
export const PAUSED_KEY = "paused";

const Paused = z
  .object({ project_id: Whole, iid: Whole })
  .transform((row) => ({ projectId: row.project_id, iid: row.iid }));

/**
 * How the reviews of these merge requests stand, by mergeRequestKey. `keys` are such keys; a merge request
 * of which nothing is known is left out.
 */
export const readMergeRequests = async (
  tx: Sql,
  keys: readonly string[],
): Promise<ReadonlyMap<string, MergeRequestState>> => {
  if (keys.length === 0) return new Map();
  const parts = keys.map((key) => key.split("!").map(Number));
  const rows = await tx.query(
    `SELECT ${HANDLE_COLUMNS} FROM reviewflow.runs
     WHERE (project_id, iid) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
       AND kind = 'review' AND state IN ('queued', 'retrying', 'active', 'succeeded', 'partial-succeeded')
     ORDER BY finished_at DESC NULLS FIRST, seq DESC`,
    [parts.map(([projectId]) => projectId), parts.map(([, iid]) => iid)],
  );
  const paused = await tx.query(
    `SELECT project_id, iid FROM reviewflow.flow_memory
     WHERE (project_id, iid) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
       AND key = '${PAUSED_KEY}' AND value <> 'null'`,
    [parts.map(([projectId]) => projectId), parts.map(([, iid]) => iid)],
  );
  const pausedKeys = new Set(z.array(Paused).parse(paused).map(mergeRequestKey));
  const byKey = Map.groupBy(z.array(RunHandle).parse(rows), mergeRequestKey);
  return new Map(
    [...new Set([...byKey.keys(), ...pausedKeys])].map((key) => [
      key,
      stateOf(byKey.get(key) ?? [], pausedKeys.has(key)),
    ]),
  );
};

const stateOf = (handles: readonly RunHandle[], paused: boolean): MergeRequestState => ({
  paused,
  waiting: liveRun(handles.find(({ state }) => state === "queued" || state === "retrying")),
  active: liveRun(handles.find(({ state }) => state === "active")),
  reviewedHeads: handles
    .filter(({ state }) => state === "succeeded" || state === "partial-succeeded")
    .map(({ headSha }) => headSha),
});
