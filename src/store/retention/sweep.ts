import { sql, type SqlBool } from "kysely";
import type { Sql } from "../database.ts";

/** Something that is deleted by the age of the rows that it belongs to. */
export type Sweep = {
  readonly what: string;
  /** In milliseconds; null for ever. */
  readonly keptMs: number | null;
  /** The rows whose age counts, and the column that tells it. */
  readonly of: "arrival of deliveries" | "end of runs";
  /** Deletes what belongs to rows, by their ids, and returns how much. */
  readonly remove: (database: Sql, ids: readonly string[], nowMs: number) => Promise<number>;
};

/** How far a sweep has come. Rows before it were looked at. */
export type SweepPlace = { readonly ageMs: number; readonly id: string };

const START: SweepPlace = { ageMs: -1, id: "00000000-0000-0000-0000-000000000000" };
const BATCH = 50;
/** So many batches at a time: what is left is for the next time, so that others are not kept waiting. */
const BATCHES = 200;

/** Deletes what is too old, from `place` on, in small statements. Returns how much, and how far it came. */
export const sweepOld = async (
  database: Sql,
  { keptMs, of, remove }: Sweep,
  nowMs: number,
  place: SweepPlace = START,
): Promise<{ readonly removed: number; readonly place: SweepPlace }> => {
  let removed = 0;
  let at = place;
  if (keptMs === null) return { removed, place };
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const rows = await listOld(database, of, nowMs - keptMs, at);
    const last = rows.at(-1);
    if (last === undefined) break;
    removed += await remove(
      database,
      rows.map(({ id }) => id),
      nowMs,
    );
    at = { ageMs: last.age ?? at.ageMs, id: last.id };
    if (rows.length < BATCH) break;
  }
  return { removed, place: at };
};

/** Rows of before `beforeMs` behind a place, the oldest first. */
const listOld = async ({ db }: Sql, of: Sweep["of"], beforeMs: number, at: SweepPlace) =>
  of === "arrival of deliveries"
    ? db
        .selectFrom("deliveries")
        .select(["id", "receivedAt as age"])
        .where("receivedAt", "<", beforeMs)
        .where(sql<SqlBool>`(received_at, id) > (${at.ageMs}, ${at.id})`)
        .orderBy("receivedAt")
        .orderBy("id")
        .limit(BATCH)
        .execute()
    : db
        .selectFrom("runs")
        .select(["id", "finishedAt as age"])
        .where("finishedAt", "<", beforeMs)
        .where(sql<SqlBool>`(finished_at, id) > (${at.ageMs}, ${at.id})`)
        .orderBy("finishedAt")
        .orderBy("id")
        .limit(BATCH)
        .execute();
