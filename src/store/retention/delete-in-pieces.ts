import { type RawBuilder, sql } from "kysely";
import type { Sql } from "../database.ts";

/** A statement keeps whoever else writes waiting: about so long, in milliseconds, the disk's part included. */
const PIECE_MS = 15;
const FIRST = 32;
const FEWEST = 8;
const MOST = 2_048;

/**
 * Does work in pieces, between which others have the database. `work` is told how much to do at most and says how
 * much that was; less means that nothing is left. Returns how much it was in all. Ends early when `isStopping`.
 */
export const inPieces = async (
  work: (most: number) => Promise<number>,
  isStopping: () => boolean = () => false,
): Promise<number> => {
  let all = 0;
  let most = FIRST;
  while (!isStopping()) {
    const startedAt = performance.now();
    const done = await work(most);
    all += done;
    if (done < most) break;
    const tookMs = performance.now() - startedAt;
    if (tookMs > PIECE_MS) most = Math.max(FEWEST, Math.floor(most / 2));
    else if (tookMs < PIECE_MS / 3) most = Math.min(MOST, most * 2);
  }
  return all;
};

/** Rows of a table, which are known by the columns of `key`. Names are SQL's own. */
export type Rows = {
  readonly table: string;
  readonly key: readonly string[];
  readonly where: RawBuilder<unknown>;
};

/** Deletes rows in pieces; returns how many. */
export const deleteInPieces = ({ db }: Sql, { table, key, where }: Rows): Promise<number> =>
  inPieces(async (most) => {
    const from = sql.raw(`reviewflow.${table}`);
    const columns = sql.raw(key.join(", "));
    const { numAffectedRows = 0n } = await sql`
      DELETE FROM ${from} WHERE ${key.length === 1 ? columns : sql`(${columns})`} IN (
        SELECT ${columns} FROM ${from} WHERE ${where} LIMIT ${most})`.execute(db);
    return Number(numAffectedRows);
  });
