import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Database, Sql } from "./database.ts";
import { NOW, nowPlus } from "./dialect.ts";

/**
 * The tables whose rows one process works on at a time. A row is held by whoever wrote its `claim_id`, until
 * `held_until` on the database's clock; what is written under another `claim_id` is refused.
 */
const LEASED = ["runs", "shadowRuns", "tasks"] as const;

/**
 * How much of a lease is left to a write: what was sent just before its end arrives, and is carried out, before another
 * process looks what is there. It is as long as two renewals that fail.
 */
const MARGIN = 0.5;

/** Whether a lease that the database confirmed at `confirmedAtMs` (of `performance.now`) leaves time for a write. */
export const isFresh = (confirmedAtMs: number, leaseMs: number): boolean =>
  performance.now() - confirmedAtMs <= leaseMs * (1 - MARGIN);

/** The same for work that nobody takes from the only process of an embedded store. */
export const leavesTimeToWrite = (
  { kind }: Pick<Database, "kind">,
  confirmedAtMs: number,
  leaseMs: number,
): boolean => kind === "embedded" || isFresh(confirmedAtMs, leaseMs);

/** What a row looks like that nobody holds. */
export const RELEASED = { claimId: null, heldUntil: 0 } as const;

/** What a row looks like that `claimId` holds from now on. */
export const heldBy = (
  { dialect }: Pick<Sql, "dialect">,
  claimId: string,
  leaseMs: number,
): { readonly claimId: string; readonly heldUntil: RawBuilder<number> } => ({
  claimId,
  heldUntil: nowPlus(dialect, leaseMs),
});

/** Whether nobody holds a row, or no longer; `column` is its `held_until`. */
export const isLeaseOver = ({ dialect }: Pick<Sql, "dialect">, column = "heldUntil"): RawBuilder<SqlBool> =>
  sql<SqlBool>`${sql.ref(column)} <= ${sql.raw(NOW[dialect])}`;

/** Holds the rows of these claims for another `leaseMs`; returns those that are still held. */
export const renewLeases = async (
  { db, dialect }: Sql,
  table: "runs" | "shadowRuns",
  claimIds: readonly string[],
  leaseMs: number,
): Promise<readonly { readonly id: string; readonly claimId: string | null }[]> =>
  claimIds.length === 0
    ? []
    : db
        .updateTable(table)
        .set({ heldUntil: nowPlus(dialect, leaseMs) })
        .where("claimId", "in", claimIds)
        .returning(["id", "claimId"])
        .execute();

/**
 * Lets every lease expire now: for a database whose only process has just started, or whose data has just been
 * moved here, so that nobody is at work.
 */
export const expireLeases = async ({ db }: Pick<Sql, "db">): Promise<void> => {
  for (const table of LEASED)
    await db.updateTable(table).set({ heldUntil: 0 }).where("heldUntil", ">", 0).execute();
};
