import { z } from "zod";
import type { Sql } from "./database.ts";

/** The database's clock in milliseconds since the epoch, which is the same for all processes. */
export const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * The tables whose rows one process works on at a time. A row is held by whoever wrote its `claim_id`, until
 * `held_until` on the database's clock; what is written under another `claim_id` is refused.
 */
export type LeasedTable = "runs" | "shadow_runs" | "tasks";

/** What a row looks like that nobody holds. */
export const RELEASED = "claim_id = NULL, held_until = 0";

const Held = z.object({ id: z.string(), claim_id: z.string() });

/** Holds the rows of these claims for another `leaseMs`; returns those that are still held. */
export const renewLeases = async (
  sql: Sql,
  table: LeasedTable,
  claimIds: readonly string[],
  leaseMs: number,
): Promise<readonly z.infer<typeof Held>[]> => {
  if (claimIds.length === 0) return [];
  const rows = await sql.query(
    `UPDATE reviewflow.${table} SET held_until = ${NOW} + $2 WHERE claim_id = ANY($1::uuid[])
     RETURNING ${table === "tasks" ? "name" : "id"} AS id, claim_id`,
    [claimIds, leaseMs],
  );
  return z.array(Held).parse(rows);
};

/**
 * Lets every lease expire now: for a database whose only process has just started, or whose data has just been
 * moved here, so that nobody is at work.
 */
export const expireLeases = async (sql: Sql): Promise<void> => {
  for (const table of ["runs", "shadow_runs", "tasks"] satisfies readonly LeasedTable[])
    await sql.query(`UPDATE reviewflow.${table} SET held_until = 0 WHERE held_until > 0`);
};
