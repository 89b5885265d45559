import { AsyncLocalStorage } from "node:async_hooks";
import { type CompiledQuery, sql } from "kysely";
import { behindFence, type Fence } from "../base/fence.ts";
import type { Database, Sql } from "./database.ts";
import { decideAndWrite } from "./decide-and-write.ts";
import { claimLost } from "./journal-entry.ts";

/** A row that this process works on. */
export type ClaimedRow = {
  readonly table: "runs" | "shadowRuns";
  readonly id: string;
  readonly claimId: string;
};

const claims = new AsyncLocalStorage<ClaimedRow>();

/** Does the work of a claim: what it writes, to the outside or by `writeClaimed`, is refused once the claim is lost. */
export const workBehindClaim = <T>(row: ClaimedRow, fence: Fence, work: () => Promise<T>): Promise<T> =>
  claims.run(row, () => behindFence(fence, work));

/**
 * Writes as part of whatever claimed work this is called from. Throws StoreError `claim-lost`, and writes nothing, once
 * another attempt has begun; free to anyone where there is no claim.
 */
export const writeClaimed = (
  database: Database,
  statementsOf: (sql: Sql) => readonly CompiledQuery[],
): Promise<void> => {
  const row = claims.getStore();
  return decideAndWrite(database, async (tx) => {
    if (row === undefined) return { result: undefined, statements: statementsOf(tx), wakesWorkers: false };
    if (!(await isHeld(tx, row))) throw claimLost(row.id);
    const statements = [...assertHeld(tx, row), ...statementsOf(tx)];
    return { result: undefined, statements, wakesWorkers: false };
  });
};

/** Whether a claim is held by whoever wrote its id. */
export const isHeld = async ({ db }: Sql, { table, id, claimId }: ClaimedRow): Promise<boolean> => {
  const held = await db
    .selectFrom(table)
    .select("id")
    .where("id", "=", id)
    .where("claimId", "=", claimId)
    .where("state", "=", "active")
    .executeTakeFirst();
  return held !== undefined;
};

/** Statements that end the transaction with a conflict unless the claim is held, and keep it so until its end. */
export const assertHeld = (
  { db, dialect }: Sql,
  { table, id, claimId }: ClaimedRow,
): readonly CompiledQuery[] =>
  dialect === "sqlite"
    ? []
    : [
        sql`SELECT 1 / (SELECT count(*) FROM (
          SELECT 1 FROM ${sql.table(`reviewflow.${table === "runs" ? "runs" : "shadow_runs"}`)}
          WHERE id = ${id} AND claim_id = ${claimId} AND state = 'active' FOR SHARE) AS held)`.compile(db),
      ];
