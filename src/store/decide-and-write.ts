import { CompiledQuery, type RawBuilder, type SqlBool, sql } from "kysely";
import { systemClock } from "../base/clock.ts";
import { StoreError } from "../base/errors.ts";
import { retryBy } from "../base/retry.ts";
import type { Database, Sql } from "./database.ts";
import { WAKE_CHANNEL } from "./end-runs.ts";

/** What was decided on what was read. */
export type Decided<T> = {
  readonly result: T;
  readonly statements: readonly CompiledQuery[];
  /** Whether there is a run to take or one to stop. */
  readonly wakesWorkers: boolean;
};

/** Whoever loses a race reads again what has won; each loss is somebody else's progress. */
const MAX_ATTEMPTS = 30;
const PAUSE_MS = 4;
const MAX_PAUSE_MS = 100;

/**
 * Reads, decides and writes as if nobody else did so meanwhile, without a lock that lasts longer than one message:
 * on PostgreSQL the statements hold what they rely on (unique indexes, `assertHolds`), and where that is no longer
 * so everything is read and decided again. SQLite has one writer at a time. Throws StoreError `store-conflict`
 * when others were quicker again and again.
 */
export const decideAndWrite = async <T>(
  database: Database,
  decide: (sql: Sql) => Promise<Decided<T>>,
): Promise<T> => {
  if (database.kind === "embedded")
    return database.transaction(async (tx) => {
      const { result, statements, wakesWorkers } = await decide(tx);
      for (const statement of statements) await tx.db.executeQuery(statement);
      if (wakesWorkers) await tx.notify(WAKE_CHANNEL);
      return result;
    });
  const write = async (): Promise<T> => {
    const { result, statements, wakesWorkers } = await decide(database);
    const wake = wakesWorkers ? [CompiledQuery.raw(`SELECT pg_notify('${WAKE_CHANNEL}', '')`)] : [];
    if (statements.length + wake.length > 0) await database.batch([...statements, ...wake]);
    return result;
  };
  const pauseMs = (error: unknown, failures: number): number | null =>
    error instanceof StoreError && error.code === "store-conflict" && failures < MAX_ATTEMPTS
      ? Math.random() * Math.min(PAUSE_MS * failures, MAX_PAUSE_MS)
      : null;
  return retryBy(write, { pauseMs, clock: systemClock });
};

/** Whether a run is one that no worker has. */
export const IS_WAITING = sql<SqlBool>`state IN ('queued', 'retrying')`;

/** Whether a run is worked on. */
export const IS_ACTIVE = sql<SqlBool>`state = 'active'`;

/** Whether a run waits or is worked on. */
export const IS_UNDER_WAY = sql<SqlBool>`state IN ('queued', 'retrying', 'active')`;

/** Whether a run is worked on, or over. */
export const IS_NOT_WAITING = sql<SqlBool>`state NOT IN ('queued', 'retrying')`;

/**
 * Statements that end the transaction with a conflict unless a run is as `condition` says, and keep it so until the
 * end of the transaction. None for SQLite, where nothing has changed since it was read.
 */
export const assertHolds = (
  { db, dialect }: Sql,
  runId: string,
  condition: RawBuilder<SqlBool>,
): readonly CompiledQuery[] =>
  dialect === "sqlite"
    ? []
    : [
        // A division by zero is the shortest way to end a transaction from within a statement.
        sql`SELECT 1 / (SELECT count(*) FROM (
          SELECT 1 FROM reviewflow.runs WHERE id = ${runId} AND ${condition} FOR UPDATE) AS held)`.compile(
          db,
        ),
      ];
