import { z } from "zod";
import type { Database } from "../database.ts";
import { Whole } from "../schema.ts";

/** Tables that grow with what is stored, and the column that holds the most of it. */
const TABLES = [
  ["delivery_bodies", "bytes"],
  ["steps", "value"],
  ["run_events", "body"],
  ["flow_memory", "value"],
  ["runs", "result"],
] as const;

/** Below this nobody misses the space. */
const WORTH_BYTES = 8 * 1024 * 1024;
/** About what a row takes besides its long column, with its part of the indexes. */
const ROW_BYTES = 400;

const Sizes = z.object({ size: Whole, rows: Whole, held: Whole });

/**
 * Gives the disk back what was deleted from an embedded database: vacuuming alone keeps files as long as
 * they were. A table that is more than half empty is written anew; meanwhile nothing else is done in it, for
 * about a second per hundred megabytes that stay. Does nothing on a server, which has others' tables, too.
 * Returns the tables that were written anew.
 */
export const reclaimSpace = async (database: Database): Promise<readonly string[]> => {
  if (database.kind !== "embedded") return [];
  const done: string[] = [];
  for (const [table, column] of TABLES) {
    const [sizes] = z.array(Sizes).parse(
      await database.query(
        `SELECT pg_total_relation_size('reviewflow.${table}') AS size, count(*) AS rows,
           coalesce(sum(pg_column_size(${column})), 0) AS held FROM reviewflow.${table}`,
      ),
    );
    if (sizes === undefined) continue;
    const needed = sizes.held + sizes.rows * ROW_BYTES;
    if (sizes.size < WORTH_BYTES || sizes.size < 2 * needed + WORTH_BYTES / 2) continue;
    await database.script(`VACUUM FULL reviewflow.${table}`);
    done.push(table);
  }
  if (done.length > 0) await database.script("CHECKPOINT");
  return done;
};
