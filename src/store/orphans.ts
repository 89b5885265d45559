import { z } from "zod";
import type { Sql } from "./database.ts";
import { endRuns } from "./end-runs.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { QUEUE_SCHEMA } from "./queue-schema.ts";
import { type ReviewQueue, newJobId } from "./review-queue.ts";
import { HANDLE_COLUMNS, RunHandle, Whole } from "./schema.ts";
import { newerWaits, requeue } from "./settle.ts";

/**
 * A run that lost its worker this often is given up: it probably is what ends the workers. Apart from
 * failed attempts, since a process that is restarted says nothing about the run.
 */
const MAX_LOSSES = 20;

const ORPHANED = `state = 'active' AND NOT EXISTS (
  SELECT 1 FROM ${QUEUE_SCHEMA}.job j WHERE j.name = 'review' AND j.id = runs.job_id AND j.state = 'active')`;

/** Whether anything is to be done for a worker at `$1` milliseconds. */
const DUE = `SELECT 1 FROM reviewflow.runs
  WHERE (state IN ('queued', 'retrying') AND coalesce(next_attempt_at, 0) <= $1) OR (${ORPHANED}) LIMIT 1`;

/** Whether a run waits to be taken, or has lost its worker; cheap, and without a lock. */
export const isAnythingDue = async (sql: Sql, nowMs: number): Promise<boolean> =>
  (await sql.query(DUE, [nowMs])).length > 0;

/**
 * Takes up active runs whose worker is gone: the queue has taken their job back, or `every` one of them
 * when no worker can be alive. Under the claim lock.
 */
export const recoverOrphans = async (
  tx: Sql,
  queue: ReviewQueue,
  nowMs: number,
  every = false,
): Promise<number> => {
  const rows = await tx.query(
    `SELECT ${HANDLE_COLUMNS} FROM reviewflow.runs WHERE ${every ? "state = 'active'" : ORPHANED} FOR UPDATE`,
  );
  const orphans = z.array(RunHandle).parse(rows);
  for (const run of orphans) await recover(tx, queue, run, nowMs);
  return orphans.length;
};

const recover = async (tx: Sql, queue: ReviewQueue, run: RunHandle, nowMs: number): Promise<void> => {
  const isNewerWaiting = await newerWaits(tx, run);
  const ending =
    run.cancelReason !== null && !(run.cancelReason === SUPERSEDED && isNewerWaiting)
      ? ({ state: "cancelled", reason: run.cancelReason, reasonCode: null } as const)
      : isNewerWaiting
        ? ({ state: "superseded", reason: SUPERSEDED, reasonCode: null } as const)
        : run.losses + 1 >= MAX_LOSSES
          ? ({ state: "failed", reason: LOST, reasonCode: "worker-lost" } as const)
          : null;
  if (ending !== null) return endRuns(tx, queue, [{ ...ending, id: run.id, jobId: run.jobId }], nowMs);
  await requeue(tx, queue, run, null);
  await tx.query("UPDATE reviewflow.runs SET losses = losses + 1 WHERE id = $1", [run.id]);
};

const LOST = `The process that worked on this run ended ${MAX_LOSSES} times before it could finish.`;

const DueAt = z.object({ next_attempt_at: Whole.nullable() });

const StrayJob = z.object({ id: z.string() });

/**
 * Makes queue and runs agree again: a waiting run without a job gets one for the time when it is due,
 * a job without a run goes. Both are written together, so this mends only what was moved here from another
 * store, or done to the tables by hand. Under the claim lock.
 */
export const reconcileQueue = async (tx: Sql, queue: ReviewQueue): Promise<void> => {
  const stray = await tx.query(
    `SELECT j.id FROM ${QUEUE_SCHEMA}.job j WHERE j.name = 'review'
       AND NOT EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.job_id = j.id)`,
  );
  await queue.remove(
    tx,
    z
      .array(StrayJob)
      .parse(stray)
      .map((job) => job.id),
  );
  const rows = await tx.query(
    `SELECT ${HANDLE_COLUMNS}, next_attempt_at FROM reviewflow.runs WHERE state IN ('queued', 'retrying')
       AND NOT EXISTS (SELECT 1 FROM ${QUEUE_SCHEMA}.job j
         WHERE j.name = 'review' AND j.id = runs.job_id AND j.state IN ('created', 'retry'))
     ORDER BY seq`,
  );
  const dueAtMs = z.array(DueAt).parse(rows);
  for (const [index, run] of z.array(RunHandle).parse(rows).entries()) {
    const jobId = newJobId();
    if (run.jobId !== null) await queue.remove(tx, [run.jobId]);
    await tx.query("UPDATE reviewflow.runs SET job_id = $2 WHERE id = $1", [run.id, jobId]);
    const { kind, projectId, iid } = run;
    const startAfterMs = dueAtMs[index]?.next_attempt_at ?? null;
    await queue.add(tx, [{ id: jobId, kind, runId: run.id, projectId, iid, startAfterMs }]);
  }
};
