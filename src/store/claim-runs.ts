import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Database, Sql } from "./database.ts";
import { noteTurns } from "./fair-share.ts";
import { lockClaims } from "./locks.ts";
import { isAnythingDue, recoverOrphans } from "./orphans.ts";
import type { HeldJob, ReviewQueue, TakeLimits } from "./review-queue.ts";
import { HANDLE_COLUMNS, RUN_COLUMNS, RunHandle, RunRow, Whole } from "./schema.ts";
import { requeue } from "./settle.ts";
import type { Run } from "./store.ts";
import { SealedToken } from "./token-vault.ts";

/** A run that this process has just taken. */
export type TakenRun = {
  readonly run: Run;
  /** Names this turn; a settlement or a journal entry under another turn's id is refused. */
  readonly claimId: string;
  readonly job: HeldJob;
  readonly sealedToken: SealedToken | null;
};

/**
 * Takes runs that are due: job and run become active in one transaction, so that both or neither say
 * so after a crash. Runs that have lost their worker are taken up first.
 */
export const claimRuns = async (
  database: Database,
  queue: ReviewQueue,
  limits: TakeLimits,
  nowMs: number,
): Promise<readonly TakenRun[]> => {
  if (!(await isAnythingDue(database, nowMs))) return [];
  return database.transaction(async (tx) => {
    await lockClaims(tx);
    await recoverOrphans(tx, queue, nowMs);
    for (let round = 1; ; round += 1) {
      const jobs = await queue.take(tx, limits);
      const taken: TakenRun[] = [];
      for (const job of jobs) {
        const run = await activate(tx, queue, job, nowMs);
        if (run !== null) taken.push(run);
      }
      // What was put back may have stood before what it waits for.
      if (taken.length > 0 || jobs.length === 0 || round === MAX_ROUNDS) {
        await noteTurns(
          tx,
          taken.map(({ run }) => run.projectId),
        );
        return taken;
      }
    }
  });
};

const MAX_ROUNDS = 3;

const activate = async (
  tx: Sql,
  queue: ReviewQueue,
  job: HeldJob,
  nowMs: number,
): Promise<TakenRun | null> => {
  if (await waitsForOlder(tx, queue, job, nowMs)) return null;
  const claimId = newId();
  const rows = await tx.query(
    `UPDATE reviewflow.runs SET state = 'active', claim_id = $2, attempts = attempts + 1,
       started_at = coalesce(started_at, $3), next_attempt_at = NULL
     WHERE job_id = $1 AND state IN ('queued', 'retrying') RETURNING ${RUN_COLUMNS}`,
    [job.id, claimId, nowMs],
  );
  const [run] = z.array(RunRow).parse(rows);
  if (run === undefined) return refuse(tx, queue, job);
  const tokens = await tx.query(
    "SELECT key_id, nonce, ciphertext FROM reviewflow.run_tokens WHERE run_id = $1",
    [run.id],
  );
  const [sealedToken = null] = z.array(SealedToken).parse(tokens);
  return { run, claimId, job, sealedToken };
};

/**
 * Puts a reply back while an older one of its merge request is not finished, until that one's next attempt:
 * people read answers in the order in which they asked.
 */
const waitsForOlder = async (tx: Sql, queue: ReviewQueue, job: HeldJob, nowMs: number): Promise<boolean> => {
  const rows = await tx.query(
    `SELECT ${HANDLE_COLUMNS}, (
       SELECT max(coalesce(older.next_attempt_at, 0)) FROM reviewflow.runs older
       WHERE older.project_id = runs.project_id AND older.iid = runs.iid AND older.kind = runs.kind
         AND older.seq < runs.seq AND older.state IN ('queued', 'retrying', 'active')) AS older_due_at
     FROM reviewflow.runs WHERE job_id = $1 AND kind = 'reply' AND state IN ('queued', 'retrying')`,
    [job.id],
  );
  const [run] = z.array(RunHandle).parse(rows);
  const dueAtMs = z.array(OlderReply).parse(rows)[0]?.older_due_at ?? null;
  if (run === undefined || dueAtMs === null) return false;
  const startAfterMs = dueAtMs > nowMs ? dueAtMs : null;
  await requeue(tx, queue, run, startAfterMs);
  await tx.query("UPDATE reviewflow.runs SET state = $2, next_attempt_at = $3 WHERE id = $1", [
    run.id,
    run.state,
    startAfterMs,
  ]);
  return true;
};

const OlderReply = z.object({ older_due_at: Whole.nullable() });

/** A job without a waiting run is a leftover, unless its worker was lost this very moment. */
const refuse = async (tx: Sql, queue: ReviewQueue, job: HeldJob): Promise<null> => {
  const owners = await tx.query("SELECT 1 FROM reviewflow.runs WHERE job_id = $1", [job.id]);
  if (owners.length > 0) {
    throw new StoreError("A run lost its worker while runs were taken.", {
      code: "store-conflict",
      retryable: true,
    });
  }
  await queue.remove(tx, [job.id]);
  return null;
};
