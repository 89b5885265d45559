import type { Sql } from "./database.ts";
import { RELEASED } from "./lease.ts";
import { storableText, storableTextOrNull } from "./stored-text.ts";

/** A run on its way to a final state. */
export type EndingRun = {
  readonly id: string;
  readonly state: "superseded" | "cancelled" | "failed";
  readonly reason: string;
  readonly reasonCode: string | null;
  /** Whether the reason may pass by itself; false when left out. */
  readonly transient?: boolean;
};

/** Brings runs that were not successful to their end: their tokens go with them. */
export const endRuns = async ({ db }: Sql, runs: readonly EndingRun[], nowMs: number): Promise<void> => {
  for (const { id, state, reason, reasonCode, transient = false } of runs) {
    await db
      .updateTable("runs")
      .set({
        state,
        reason: storableText(reason),
        reasonCode: storableTextOrNull(reasonCode),
        finishedAt: nowMs,
        transient: transient ? 1 : 0,
        dueAt: 0,
        ...RELEASED,
      })
      .where("id", "=", id)
      .execute();
  }
  await forgetTokens(
    { db },
    runs.map((run) => run.id),
  );
};

/** Deletes the tokens of runs that have ended. */
export const forgetTokens = async ({ db }: Pick<Sql, "db">, runIds: readonly string[]): Promise<void> => {
  if (runIds.length > 0) await db.deleteFrom("runTokens").where("runId", "in", runIds).execute();
};

/** The channel on which processes wake each other's workers: there is a run to take or one to stop. */
export const WAKE_CHANNEL = "reviewflow_wake";
