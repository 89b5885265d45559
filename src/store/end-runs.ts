import type { Sql } from "./database.ts";
import { storableText, storableTextOrNull } from "./insert-rows.ts";
import { RELEASED } from "./lease.ts";

/** A run on its way to a final state. */
export type EndingRun = {
  readonly id: string;
  readonly state: "superseded" | "cancelled" | "failed";
  readonly reason: string;
  readonly reasonCode: string | null;
  /** Whether the reason may pass by itself; false when left out. */
  readonly passing?: boolean;
};

/** Brings runs that were not successful to their end: their tokens go with them. */
export const endRuns = async (tx: Sql, runs: readonly EndingRun[], nowMs: number): Promise<void> => {
  for (const run of runs) {
    await tx.query(
      `UPDATE reviewflow.runs SET state = $2, reason = $3, reason_code = $4, finished_at = $5, passing = $6,
         due_at = 0, ${RELEASED} WHERE id = $1`,
      [
        run.id,
        run.state,
        storableText(run.reason),
        storableTextOrNull(run.reasonCode),
        nowMs,
        run.passing ?? false,
      ],
    );
  }
  await forgetTokens(
    tx,
    runs.map((run) => run.id),
  );
};

/** Deletes the tokens of runs that have ended. */
export const forgetTokens = async (tx: Sql, runIds: readonly string[]): Promise<void> => {
  if (runIds.length > 0)
    await tx.query("DELETE FROM reviewflow.run_tokens WHERE run_id = ANY($1::uuid[])", [runIds]);
};

/** The channel on which processes wake each other's workers: there is a run to take or one to stop. */
export const WAKE_CHANNEL = "reviewflow_wake";

/** Wakes the workers of all processes when the transaction commits. */
export const wakeWorkers = async (tx: Sql): Promise<void> => {
  await tx.query(`SELECT pg_notify('${WAKE_CHANNEL}', '')`);
};
