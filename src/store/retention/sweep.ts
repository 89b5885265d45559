import { z } from "zod";
import type { Sql } from "../database.ts";
import { Whole } from "../schema.ts";

/** Something that is deleted by the age of the rows that it belongs to. */
export type Sweep = {
  readonly what: string;
  /** In milliseconds; null for ever. */
  readonly keptMs: number | null;
  /** The rows whose age counts, and the column that tells it. */
  readonly of: { readonly table: "deliveries" | "runs"; readonly age: "received_at" | "finished_at" };
  /** Deletes what belongs to rows, by their ids, and returns how much. */
  readonly remove: (sql: Sql, ids: readonly string[], nowMs: number) => Promise<number>;
};

/** How far a sweep has come. Rows before it were looked at. */
export type SweepPlace = { readonly ageMs: number; readonly id: string };

const START: SweepPlace = { ageMs: -1, id: "00000000-0000-0000-0000-000000000000" };
const BATCH = 500;
/** So many batches in one turn: what is left is for the next one, so that others are not kept waiting. */
const BATCHES = 20;

const Row = z.object({ id: z.string(), age: Whole });

/** Deletes what is too old, from `place` on, in small statements. Returns how much, and how far it came. */
export const sweepOld = async (
  sql: Sql,
  { keptMs, of, remove }: Sweep,
  nowMs: number,
  place: SweepPlace = START,
): Promise<{ readonly removed: number; readonly place: SweepPlace }> => {
  let removed = 0;
  let at = place;
  if (keptMs === null) return { removed, place };
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const rows = z.array(Row).parse(
      await sql.query(
        `SELECT id, ${of.age} AS age FROM reviewflow.${of.table}
         WHERE ${of.age} < $1 AND (${of.age}, id) > ($2, $3::uuid) ORDER BY ${of.age}, id LIMIT ${BATCH}`,
        [nowMs - keptMs, at.ageMs, at.id],
      ),
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    removed += await remove(
      sql,
      rows.map(({ id }) => id),
      nowMs,
    );
    at = { ageMs: last.age, id: last.id };
    if (rows.length < BATCH) break;
  }
  return { removed, place: at };
};
