import { z } from "zod";
import { newId } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type { Database, Sql } from "./database.ts";
import { endRuns, wakeWorkers } from "./end-runs.ts";
import { insertRows, storableText } from "./insert-rows.ts";
import { lockMergeRequests, mergeRequestKey } from "./locks.ts";
import { readMergeRequests } from "./merge-request-states.ts";
import { HANDLE_COLUMNS, RUN_COLUMNS, RunHandle, RunRow, isUuid } from "./schema.ts";

/** What people's wishes are carried out with. */
export type ChangeParts = {
  readonly database: Database;
  readonly clock: Clock;
};

const Place = z.object({ project_id: z.coerce.number(), iid: z.coerce.number() });

/** Locks the merge request of a run, so that what is read next stays true; false for an unknown run. */
const lockRun = async (tx: Sql, runId: string): Promise<boolean> => {
  if (!isUuid(runId)) return false;
  const rows = await tx.query("SELECT project_id, iid FROM reviewflow.runs WHERE id = $1", [runId]);
  const [place] = z.array(Place).parse(rows);
  if (place === undefined) return false;
  await lockMergeRequests(tx, [mergeRequestKey({ projectId: place.project_id, iid: place.iid })]);
  return true;
};

/** Ends a waiting run at once and asks the worker of an active one to stop; see Store.cancelRun. */
export const cancelRun = async (parts: ChangeParts, runId: string, reason: string): Promise<boolean> =>
  parts.database.transaction(async (tx) => {
    if (!(await lockRun(tx, runId))) return false;
    const rows = await tx.query(`SELECT ${HANDLE_COLUMNS} FROM reviewflow.runs WHERE id = $1`, [runId]);
    const [run] = z.array(RunHandle).parse(rows);
    if (run?.state === "queued" || run?.state === "retrying") {
      const ending = { id: run.id, state: "cancelled", reason, reasonCode: null } as const;
      await endRuns(tx, [ending], parts.clock.now());
      return true;
    }
    if (run?.state !== "active") return false;
    await tx.query("UPDATE reviewflow.runs SET cancel_reason = coalesce(cancel_reason, $2) WHERE id = $1", [
      runId,
      storableText(reason),
    ]);
    await wakeWorkers(tx);
    return true;
  });

/** Queues the merge request of a finished run again; see Store.runAgain. */
export const runAgain = async (parts: ChangeParts, runId: string): Promise<string | null> =>
  parts.database.transaction(async (tx) => {
    if (!(await lockRun(tx, runId))) return null;
    const [run] = z
      .array(RunRow)
      .parse(await tx.query(`SELECT ${RUN_COLUMNS} FROM reviewflow.runs WHERE id = $1`, [runId]));
    if (run === undefined || run.finishedAtMs === null) return null;
    const key = mergeRequestKey(run);
    const state = (await readMergeRequests(tx, [key])).get(key);
    const isUnderWay = (state?.waiting ?? null) !== null || (state?.active ?? null) !== null;
    if (run.kind === "review" && isUnderWay) return null;
    const nowMs = parts.clock.now();
    const again = newId(nowMs);
    const row = {
      id: again,
      kind: run.kind,
      delivery_id: run.deliveryId,
      project_id: run.projectId,
      project_path: run.projectPath,
      iid: run.iid,
      head_sha: run.headSha,
      flow: run.flow,
      trigger: "run-again",
      event: JSON.stringify(run.event),
      usage: JSON.stringify(NO_USAGE),
      created_at: nowMs,
      state: "queued",
    };
    await insertRows(tx, "runs", [row]);
    await wakeWorkers(tx);
    return again;
  });
