import { CompiledQuery, sql } from "kysely";
import { newId } from "../base/ids.ts";
import type { Database, Dialect } from "./database.ts";
import { NOW } from "./dialect.ts";
import { isLeaseOver } from "./lease.ts";
import { isHeldBack, markProbes, markWaiting, PROBED } from "./outages.ts";
import { RUN_COLUMNS, toRun } from "./run-rows.ts";
import { queueOf, waitsSince } from "./migrations.ts";
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
    ...claimStatements(dialect, limits, claimId, nowMs),
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
    // As the index has it, see `queueOf`.
    .where("dueAt", ">", sql<number>`-1`)
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

/** Whether a run of the kind waits in the queue, as the indexes have it. */
const waitsIn = (row: string, kind: RunKind): string =>
  `${row}.kind = '${kind}' AND ${row}.state IN ('queued', 'retrying')`;

/** The runs that `found` finds for each row that stands before, where it names that row. */
const eachOf = (dialect: Dialect, found: string): string =>
  dialect === "postgres"
    ? `CROSS JOIN LATERAL (${found}) AS one JOIN reviewflow.runs r ON r.seq = one.seq`
    : `CROSS JOIN reviewflow.runs r ON r.seq IN (${found})`;

/**
 * Whether no run goes before `c`: of a merge request there is one active of each kind, and none before an older one
 * has ended. Not by an index over states, see `queueOf`.
 */
const IS_FIRST = `NOT EXISTS (SELECT 1 FROM reviewflow.runs o
  WHERE o.project_id = c.project_id AND o.iid = c.iid AND o.kind = c.kind
    AND (o.state || '' = 'active' OR o.state || '' IN ('queued', 'retrying') AND o.seq < c.seq))`;

/** What is asked of a run before it is taken. */
const CANDIDATE = [
  "id",
  "seq",
  "kind",
  "project_id",
  "project_path",
  "iid",
  "flow",
  "waiting_kind",
  "waiting_name",
  "waiting_since",
  "due_at",
  "created_at",
]
  .map((column) => `r.${column}`)
  .join(", ");

/**
 * What a claim chooses from, however many wait: from line to line by the index, and of each the first that may be
 * worked on; and what has waited too long for something outside, whatever line it stands in.
 */
const candidates = (dialect: Dialect, { kind, perProject, free, giveUpMs }: ClaimLimits): string => {
  const line = queueOf("q");
  const first = `
    SELECT c.seq FROM reviewflow.runs c
    WHERE ${waitsIn("c", kind)} AND ${queueOf("c")} = queue.line AND +c.due_at <= ${NOW[dialect]}
      AND ${IS_FIRST}
    ORDER BY ${waitsSince("c")}, c.seq LIMIT ${whole(perProject)}`;
  const overdue = `
    SELECT c.seq FROM reviewflow.runs c
    WHERE c.state = 'queued' AND c.waiting_kind IS NOT NULL AND c.waiting_kind = g.kind AND c.waiting_name = g.name AND c.kind = '${kind}'
      AND c.waiting_since <= ${NOW[dialect]} - ${whole(giveUpMs)} AND c.due_at <= ${NOW[dialect]}
      AND ${IS_FIRST}
    ORDER BY c.waiting_since LIMIT ${whole(free)}`;
  return `
  queue (line) AS (
    SELECT (SELECT ${line} FROM reviewflow.runs q WHERE ${waitsIn("q", kind)} ORDER BY ${line} LIMIT 1)
    UNION ALL
    SELECT (SELECT ${line} FROM reviewflow.runs q WHERE ${waitsIn("q", kind)} AND ${line} > queue.line
        ORDER BY ${line} LIMIT 1)
      FROM queue WHERE queue.line IS NOT NULL),
  candidates AS (
    SELECT ${CANDIDATE} FROM queue ${eachOf(dialect, first)} WHERE queue.line IS NOT NULL
    UNION
    SELECT ${CANDIDATE} FROM reviewflow.outages g ${eachOf(dialect, overdue)} WHERE g.state = 'away')`;
};

/** Statements that take the first runs that are in turn. */
const claimStatements = (
  dialect: Dialect,
  limits: ClaimLimits,
  claimId: string,
  nowMs: number,
): readonly string[] => {
  const taking = `UPDATE reviewflow.runs SET state = 'active', claim_id = '${claimId}',
    held_until = ${NOW[dialect]} + ${whole(limits.leaseMs)}, attempts = attempts + 1,
    started_at = coalesce(started_at, ${whole(nowMs)}), due_at = 0`;
  const free = whole(limits.free);
  if (dialect === "sqlite")
    return [
      `${inTurn(dialect, limits)} ${taking} WHERE id IN (SELECT id FROM in_turn ORDER BY turn LIMIT ${free})`,
    ];
  // What is locked by a transaction that is about to change it is passed over. Which runs are in turn is found out by a
  // statement of its own: PostgreSQL does all of a statement again for a row that was changed since it began.
  return [
    `SELECT set_config('reviewflow.in_turn', coalesce((
      ${inTurn(dialect, limits)} SELECT string_agg(id, ',' ORDER BY turn) FROM in_turn), ''), true)`,
    `${taking} WHERE id IN (
      SELECT run.id FROM unnest(string_to_array(current_setting('reviewflow.in_turn'), ','))
        WITH ORDINALITY AS chosen (id, turn)
      JOIN reviewflow.runs run ON run.id = chosen.id
      WHERE run.state IN ('queued', 'retrying') ORDER BY chosen.turn LIMIT ${free} FOR UPDATE OF run SKIP LOCKED)`,
  ];
};

/**
 * A project gets its second run at once only when every other that waits has its first, over all processes;
 * among equals it is the project that was served longest ago. Within a project the run goes first that is due
 * longest; people read answers in the order in which they asked.
 */
const inTurn = (dialect: Dialect, limits: ClaimLimits): string => `
  WITH RECURSIVE ${candidates(dialect, limits)},
  held AS (
    SELECT project_id, count(*) AS held FROM reviewflow.runs
    WHERE state = 'active' AND kind = '${limits.kind}' GROUP BY project_id),
  due AS (
    SELECT r.id, r.project_id, r.seq, ${waitsSince("r")} AS since, ${PROBED} AS probed
    FROM candidates r
    WHERE NOT ${isHeldBack(dialect, limits.giveUpMs)}),
  let_through AS (${ONE_A_PROBE}),
  placed AS (
    SELECT due.id, due.project_id, due.since, due.seq, coalesce(held.held, 0)
      + row_number() OVER (PARTITION BY due.project_id ORDER BY due.since, due.seq) AS place
    FROM let_through due LEFT JOIN held ON held.project_id = due.project_id),
  in_turn AS (
    SELECT placed.id, row_number() OVER (ORDER BY placed.place, coalesce(f.served, 0), placed.since, placed.seq) AS turn
    FROM placed LEFT JOIN reviewflow.fair_share f ON f.project_id = placed.project_id
    WHERE placed.place <= ${whole(limits.perProject)})`;

/** Of the runs that need something that may work again, one finds it out. */
const ONE_A_PROBE = `
  SELECT id, project_id, seq, since FROM (
    SELECT due.*, row_number() OVER (PARTITION BY probed ORDER BY since, seq) AS rank_of FROM due) AS ordered
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
