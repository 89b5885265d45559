import { z } from "zod";
import type { Sql } from "./database.ts";
import { mergeRequestKey } from "./locks.ts";
import type { LiveRun, MergeRequestState } from "./plan-accept.ts";
import { HANDLE_COLUMNS, RunHandle } from "./schema.ts";

const liveRun = (handle: RunHandle | undefined): LiveRun | null =>
  handle === undefined
    ? null
    : {
        id: handle.id,
        headSha: handle.headSha,
        jobId: handle.jobId,
        cancelReason: handle.cancelReason,
      };

/**
 * How the runs of these merge requests stand, by mergeRequestKey. `keys` are such keys; a merge request
 * without runs is left out.
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
       AND state IN ('queued', 'retrying', 'active', 'succeeded', 'partial-succeeded')
     ORDER BY finished_at DESC NULLS FIRST, seq DESC`,
    [parts.map(([projectId]) => projectId), parts.map(([, iid]) => iid)],
  );
  const byKey = Map.groupBy(z.array(RunHandle).parse(rows), mergeRequestKey);
  return new Map([...byKey].map(([key, handles]) => [key, stateOf(handles)]));
};

const stateOf = (handles: readonly RunHandle[]): MergeRequestState => ({
  waiting: liveRun(handles.find(({ state }) => state === "queued" || state === "retrying")),
  active: liveRun(handles.find(({ state }) => state === "active")),
  reviewedHeads: handles
    .filter(({ state }) => state === "succeeded" || state === "partial-succeeded")
    .map(({ headSha }) => headSha),
});
