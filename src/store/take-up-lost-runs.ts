import { sql } from "kysely";
import type { Database, Sql } from "./database.ts";
import { NOW } from "./dialect.ts";
import { endRuns } from "./end-runs.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { HANDLE_COLUMNS, type RunHandle } from "./run-rows.ts";
import { newerWaits, waiting } from "./settle.ts";

/**
 * A run that lost its worker this often is given up: it probably is what ends the workers. Apart from
 * failed attempts, since a process that is restarted says nothing about the run.
 */
const MAX_STALLED = 20;

/** Active runs whose lease has expired. */
const lostRuns = ({ db, dialect }: Sql) =>
  db
    .selectFrom("runs")
    .select(HANDLE_COLUMNS)
    .where("state", "=", "active")
    .where("heldUntil", "<=", sql<number>`${sql.raw(NOW[dialect])}`);

/** Takes up active runs whose lease has expired, each in a transaction of its own. */
export const takeUpLostRuns = async (database: Database, nowMs: number): Promise<void> => {
  for (const run of await lostRuns(database).orderBy("seq").execute())
    await database.transaction(async (tx) => {
      // Its worker may have renewed it meanwhile, or another process was quicker.
      const lost = await lostRuns(tx)
        .where("id", "=", run.id)
        .$if(tx.dialect === "postgres", (query) => query.forUpdate())
        .executeTakeFirst();
      if (lost !== undefined) await takeUp(tx, lost, nowMs);
    });
};

const takeUp = async (tx: Sql, run: RunHandle, nowMs: number): Promise<void> => {
  const isNewerWaiting = await newerWaits(tx, run);
  const ending =
    run.cancelReason !== null && !(run.cancelReason === SUPERSEDED && isNewerWaiting)
      ? ({ state: "cancelled", reason: run.cancelReason, reasonCode: null } as const)
      : isNewerWaiting
        ? ({ state: "superseded", reason: SUPERSEDED, reasonCode: null } as const)
        : run.stalledCount + 1 >= MAX_STALLED
          ? ({ state: "failed", reason: GIVEN_UP, reasonCode: "worker-lost" } as const)
          : null;
  if (ending !== null) return endRuns(tx, [{ ...ending, id: run.id }], nowMs);
  await tx.db
    .updateTable("runs")
    .set((eb) => ({ ...waiting(tx, "queued", null), stalledCount: eb("stalledCount", "+", 1) }))
    .where("id", "=", run.id)
    .execute();
};

const GIVEN_UP = `The process that worked on this run ended ${MAX_STALLED} times before it could finish.`;
