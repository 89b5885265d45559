import { CompiledQuery, sql } from "kysely";
import { newId } from "../base/ids.ts";
import type { Database, Dialect } from "./database.ts";
import { NOW } from "./dialect.ts";
import { isLeaseOver } from "./lease.ts";
import { isHeldBack, markProbes, markWaiting, PROBED } from "./outages.ts";
import { RUN_COLUMNS, toRun } from "./run-rows.ts";
import type { Run, RunKind } from "./store.ts";
import { takeUpLostRuns } from "./take-up-lost-runs.ts";
import type { SealedToken } from "./token-vault.ts";

/** A run that this process has just taken. */
export type TakenRun = {
  readonly run: Run;
  /** Names this attempt; a settlement or a journal entry under another attempt's id is refused. */
  readonly claimId: string;
  readonly sealedToken: SealedToken | null;
};

/** What is claimed: runs of one kind, so that neither kind waits for a place that the other has. */
export type ClaimLimits = {
  readonly kind: RunKind;
  /** How many runs may be taken. */
  readonly free: number;
  /** How many runs of one project may be active, over all processes. */
  readonly perProject: number;
  /** For how many milliseconds they are held. */
  readonly leaseMs: number;
  /** After how long a run that waits for something outside is given up, in milliseconds. */
  readonly giveUpMs: number;
};

/**
 * Takes runs that are due. Runs whose lease has expired are put back first. Claims of several processes come
 * one after the other, each sent whole in one message: a process that stands still leaves no lock behind.
 */
export const claimRuns = async (
  database: Database,
  limits: ClaimLimits,
  nowMs: number,
): Promise<readonly TakenRun[]> => {
  const { db, dialect } = database;
  const due = await readDue(database, limits.kind);
  if (due.lost) await takeUpLostRuns(database, nowMs);
  if (!due.lost && !due.waiting) return [];
  const claimId = newId();
  const statements = [
    ...(dialect === "postgres" ? [`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`] : []),
    markWaiting(dialect),
    claimStatement(dialect, limits, claimId, nowMs),
    markProbes(dialect, claimId),
    recordServed(claimId),
  ];
  await database.batch(statements.map((text) => CompiledQuery.raw(text)));
  const rows = await db
    .selectFrom("runs")
    .leftJoin("runTokens", "runTokens.runId", "runs.id")
    .select(RUN_COLUMNS)
    .select(["keyId", "nonce", "ciphertext"])
    .where("claimId", "=", claimId)
    .orderBy("runs.seq")
    .execute();
  return rows.map(({ keyId, nonce, ciphertext, ...row }) => ({
    run: toRun(row),
    claimId,
    sealedToken:
      keyId === null || nonce === null || ciphertext === null ? null : { keyId, nonce, ciphertext },
  }));
};

/** Whoever claims runs holds it alone; nobody else waits for it (PostgreSQL). */
const CLAIM_LOCK = 7_265_763;

/** Whether a run of the kind waits to be taken, and whether any has lost its worker; without a lock. */
const readDue = async (
  { db, dialect }: Database,
  kind: RunKind,
): Promise<{ readonly waiting: boolean; readonly lost: boolean }> => {
  const now = sql<number>`${sql.raw(NOW[dialect])}`;
  const waiting = await db
    .selectFrom("runs")
    .select("id")
    .where("kind", "=", kind)
    .where("state", "in", ["queued", "retrying"])
    .where("dueAt", "<=", now)
    .limit(1)
    .executeTakeFirst();
  const lost = await db
    .selectFrom("runs")
    .select("id")
    .where("state", "=", "active")
    .where(isLeaseOver({ dialect }))
    .limit(1)
    .executeTakeFirst();
  return { waiting: waiting !== undefined, lost: lost !== undefined };
};

/** What is locked by a transaction that is about to change it is passed over; SQLite has one writer at a time. */
const SKIP_LOCKED: Readonly<Record<Dialect, string>> = {
  postgres: "FOR UPDATE OF run SKIP LOCKED",
  sqlite: "",
};

/**
 * A project gets its second run at once only when every other that waits has its first, over all processes;
 * among equals it is the project that was served longest ago. Within a project the run goes first that is due
 * longest; of a merge request there is one active of each kind, and none before an older one has ended: people
 * read answers in the order in which they asked.
 */
const claimStatement = (dialect: Dialect, limits: ClaimLimits, claimId: string, nowMs: number): string => `
  WITH held AS (
    SELECT project_id, count(*) AS held FROM reviewflow.runs
    WHERE state = 'active' AND kind = '${limits.kind}' GROUP BY project_id),
  due AS (
    SELECT r.id, r.project_id, r.seq, CASE WHEN r.due_at = 0 THEN r.created_at ELSE r.due_at END AS since
    FROM reviewflow.runs r
    WHERE r.kind = '${limits.kind}' AND r.state IN ('queued', 'retrying') AND r.due_at <= ${NOW[dialect]}
      AND NOT EXISTS (SELECT 1 FROM reviewflow.runs o
        WHERE o.project_id = r.project_id AND o.iid = r.iid AND o.kind = r.kind
          AND (o.state = 'active' OR o.state IN ('queued', 'retrying') AND o.seq < r.seq))
      AND NOT ${isHeldBack(dialect, limits.giveUpMs)}),
  let_through AS (${ONE_A_PROBE}),
  placed AS (
    SELECT due.id, due.project_id, due.since, due.seq, coalesce(held.held, 0)
      + row_number() OVER (PARTITION BY due.project_id ORDER BY due.since, due.seq) AS place
    FROM let_through due LEFT JOIN held ON held.project_id = due.project_id),
  taken AS (
    SELECT run.id FROM placed JOIN reviewflow.runs run ON run.id = placed.id
    LEFT JOIN reviewflow.fair_share f ON f.project_id = placed.project_id
    WHERE placed.place <= ${whole(limits.perProject)} AND run.state IN ('queued', 'retrying')
    ORDER BY placed.place, coalesce(f.served, 0), placed.since, placed.seq
    LIMIT ${whole(limits.free)} ${SKIP_LOCKED[dialect]})
  UPDATE reviewflow.runs SET state = 'active', claim_id = '${claimId}',
    held_until = ${NOW[dialect]} + ${whole(limits.leaseMs)}, attempts = attempts + 1,
    started_at = coalesce(started_at, ${whole(nowMs)}), due_at = 0
  WHERE id IN (SELECT id FROM taken)`;

/** Of the runs that need something that may work again, one finds it out. */
const ONE_A_PROBE = `
  SELECT id, project_id, seq, since FROM (
    SELECT probes.*, row_number() OVER (PARTITION BY probed ORDER BY since, seq) AS rank_of FROM (
      SELECT due.*, (SELECT ${PROBED} FROM reviewflow.runs r WHERE r.id = due.id) AS probed FROM due) AS probes)
    AS ordered
  WHERE probed IS NULL OR rank_of = 1`;

/** Moves the fair-share cursor of the projects that a claim has just served behind all others. */
const recordServed = (claimId: string): string => `
  INSERT INTO reviewflow.fair_share (project_id, served)
    SELECT project_id, row_number() OVER (ORDER BY served, project_id)
      + (SELECT coalesce(max(served), 0) FROM reviewflow.fair_share)
    FROM (SELECT r.project_id, coalesce(max(f.served), 0) AS served FROM reviewflow.runs r
      LEFT JOIN reviewflow.fair_share f ON f.project_id = r.project_id
      WHERE r.claim_id = '${claimId}' GROUP BY r.project_id) AS projects
    WHERE true
  ON CONFLICT (project_id) DO UPDATE SET served = excluded.served`;

/** A number as it stands in a statement without parameters. */
const whole = (value: number): string => String(Math.trunc(value));
