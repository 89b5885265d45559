import { type CompiledQuery, type ExpressionBuilder, sql, type SqlBool } from "kysely";
import type { Reason } from "../base/reason.ts";
import type { Sql } from "./database.ts";
import type { Tables } from "./tables.ts";
import { RELEASED } from "./lease.ts";
import { reasonColumns } from "./run-rows.ts";

/** A run on its way to a final state. */
export type EndingRun = {
  readonly id: string;
  readonly state: "superseded" | "cancelled" | "failed";
  readonly reason: Reason;
  /** Whether the reason may pass by itself; false when left out. */
  readonly transient?: boolean;
};

/** Brings runs that were not successful to their end: their tokens go with them. */
export const endingStatements = (
  { db }: Sql,
  runs: readonly EndingRun[],
  nowMs: number,
): readonly CompiledQuery[] => [
  ...runs.map(({ id, ...ending }) =>
    db.updateTable("runs").set(endedColumns(ending, nowMs)).where("id", "=", id).compile(),
  ),
  ...runs.map(({ id }) => forgetToken({ db }, id)),
];

/** What a run looks like that has come to such an end. */
export const endedColumns = ({ state, reason, transient = false }: Omit<EndingRun, "id">, nowMs: number) => ({
  state,
  ...reasonColumns(reason),
  finishedAt: nowMs,
  transient: transient ? 1 : 0,
  dueAt: 0,
  ...RELEASED,
});

/** Asks the worker of a run to stop. */
export const cancelColumns = ({ code, params }: Reason) => ({
  cancelCode: code,
  cancelParams: JSON.stringify(params),
});

/** As `cancelColumns`, but leaves an earlier request as it is. */
export const firstCancelColumns = (reason: Reason) => (eb: ExpressionBuilder<Tables, "runs">) => {
  const { cancelCode, cancelParams } = cancelColumns(reason);
  return {
    cancelCode: eb.fn.coalesce("cancelCode", eb.val(cancelCode)),
    cancelParams: eb.fn.coalesce("cancelParams", eb.val(cancelParams)),
  };
};

/** Deletes the token of a run that has ended, as soon as its merge request shows so. */
export const forgetToken = ({ db }: Pick<Sql, "db">, runId: string): CompiledQuery =>
  db
    .deleteFrom("runTokens")
    .where("runId", "=", runId)
    .where(
      sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.id = run_tokens.run_id AND ${OWES})`,
    )
    .compile();

/**
 * Whether the merge request of an ended run `r` does not show its end yet: what is left to be said there is said with
 * the run's own token.
 */
export const OWES = sql<SqlBool>`(EXISTS (SELECT 1 FROM reviewflow.pending_statuses s WHERE s.run_id = r.id)
  OR r.kind = 'review' AND CASE WHEN r.state = 'failed'
    THEN NOT EXISTS (SELECT 1 FROM reviewflow.progress_notes p WHERE p.run_id = r.id AND p.shows = 'failed')
    ELSE EXISTS (SELECT 1 FROM reviewflow.progress_notes p WHERE p.project_id = r.project_id AND p.iid = r.iid) END)`;

/** The channel on which processes wake each other's workers: there is a run to take or one to stop. */
export const WAKE_CHANNEL = "reviewflow_wake";
