import { type CompiledQuery, type SqlBool, sql } from "kysely";
import { reasonOf } from "../base/reason.ts";
import type { Database, Sql } from "./database.ts";
import { assertHolds, decideAndWrite } from "./decide-and-write.ts";
import { endingStatements } from "./end-runs.ts";
import { isLeaseOver } from "./lease.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { HANDLE_COLUMNS, readReason, type RunHandle } from "./run-rows.ts";
import { newerWaits, waiting } from "./settle.ts";

/**
 * A run that lost its worker this often is given up: it probably is what ends the workers. Apart from
 * failed attempts, since a process that is restarted says nothing about the run.
 */
const MAX_STALLED = 20;

/** Active runs whose lease has expired. */
const lostRuns = ({ db, dialect }: Sql) =>
  db.selectFrom("runs").select(HANDLE_COLUMNS).where("state", "=", "active").where(isLeaseOver({ dialect }));

/** Takes up active runs whose lease has expired, one after the other; nobody waits for a process that does so. */
export const takeUpLostRuns = async (database: Database, nowMs: number): Promise<void> => {
  for (const { id } of await lostRuns(database).orderBy("seq").execute())
    await decideAndWrite(database, async (tx) => {
      // Its worker may have renewed it meanwhile, or another process was quicker.
      const lost = await lostRuns(tx).where("id", "=", id).executeTakeFirst();
      if (lost === undefined) return { result: undefined, statements: [], wakesWorkers: false };
      const statements = [...assertHolds(tx, id, isLostAsRead(tx, lost)), ...(await takeUp(tx, lost, nowMs))];
      return { result: undefined, statements, wakesWorkers: false };
    });
};

/** Whether a run is still held by the claim that has expired, and nobody has asked it to stop meanwhile. */
const isLostAsRead = (tx: Sql, { claimId, cancelCode }: RunHandle) =>
  sql<SqlBool>`state = 'active' AND claim_id IS NOT DISTINCT FROM ${claimId} AND ${isLeaseOver(tx)}
    AND cancel_code IS NOT DISTINCT FROM ${cancelCode}`;

const takeUp = async (tx: Sql, run: RunHandle, nowMs: number): Promise<readonly CompiledQuery[]> => {
  const isNewerWaiting = await newerWaits(tx, run);
  const ending =
    run.cancelCode !== null && !(run.cancelCode === SUPERSEDED.code && isNewerWaiting)
      ? ({ state: "cancelled", reason: readReason(run.cancelCode, run.cancelParams) } as const)
      : isNewerWaiting
        ? ({ state: "superseded", reason: SUPERSEDED } as const)
        : run.stalledCount + 1 >= MAX_STALLED
          ? ({ state: "failed", reason: reasonOf("worker-lost", { times: MAX_STALLED }) } as const)
          : null;
  if (ending !== null) return endingStatements(tx, [{ ...ending, id: run.id }], nowMs);
  return [
    tx.db
      .updateTable("runs")
      .set((eb) => ({ ...waiting(tx, "queued", null), stalledCount: eb("stalledCount", "+", 1) }))
      .where("id", "=", run.id)
      .compile(),
  ];
};
