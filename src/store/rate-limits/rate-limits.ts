import { z } from "zod";
import type { Database, Sql } from "../database.ts";
import { Whole } from "../schema.ts";

/** The database's clock, which is the same for all processes. */
const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** The channel on which processes tell each other that somebody must be held off. */
export const HOLD_CHANNEL = "reviewflow_hold";

/** The longest that anybody is held off: a wrong number must not stop us for good. */
const MAX_HOLD_MS = 86_400_000;

/** For how many milliseconds unused permits pile up; a burst is never larger than what they make. */
const BURST_MS = 10_000;

/** What all processes together may send to one other side. */
export type RateLimits = {
  /**
   * Takes up to `wanted` permits of a limit that gives `perMinute` of them, null for no limit. Returns how
   * many there were, and when there was none in how many milliseconds the next one comes. `heldMs` says
   * for how long everybody is held off; then no permit is given.
   */
  readonly take: (
    name: string,
    limit: { readonly perMinute: number | null; readonly wanted: number },
  ) => Promise<{ readonly granted: number; readonly nextMs: number; readonly heldMs: number }>;
  /** Holds everybody off for so long from now on, at most a day; a longer hold stays. */
  readonly holdOff: (name: string, waitMs: number) => Promise<void>;
};

const Held = z.object({ held: Whole });
const Counted = Held.extend({ permits: z.coerce.number() });

/** The permits that lie in a row at present, `$2` of them coming in a minute, at most `$3` in all. */
const PERMITS = `least($3::float8, permits + ($2::float8 * greatest(${NOW} - counted_at, 0) / 60000))`;

/** Rate limits in the table of the store, counted by the database's clock. */
export const createRateLimits = (database: Database): RateLimits => ({
  take: (name, { perMinute, wanted }) =>
    perMinute === null
      ? takeUnlimited(database, name, wanted)
      : database.transaction((tx) => takeLimited(tx, name, perMinute, wanted)),
  holdOff: async (name, waitMs) => {
    const boundedMs = Math.ceil(Math.min(Math.max(waitMs, 0), MAX_HOLD_MS));
    await database.query(
      `WITH hold AS (
         INSERT INTO reviewflow.rate_limits AS known (name, not_before) VALUES ($1, ${NOW} + $2::bigint)
         ON CONFLICT (name) DO UPDATE SET not_before = greatest(known.not_before, excluded.not_before))
       SELECT pg_notify('${HOLD_CHANNEL}', '')`,
      [name, boundedMs],
    );
  },
});

const takeUnlimited = async (sql: Sql, name: string, wanted: number): ReturnType<RateLimits["take"]> => {
  const rows = await sql.query(
    `SELECT greatest(not_before - ${NOW}, 0) AS held FROM reviewflow.rate_limits WHERE name = $1`,
    [name],
  );
  const heldMs = z.array(Held).parse(rows)[0]?.held ?? 0;
  return { granted: heldMs > 0 ? 0 : wanted, nextMs: 0, heldMs };
};

/** A new name starts with one burst. */
const takeLimited = async (
  tx: Sql,
  name: string,
  perMinute: number,
  wanted: number,
): ReturnType<RateLimits["take"]> => {
  const burst = Math.max(1, (perMinute * BURST_MS) / 60_000);
  await tx.query(
    `INSERT INTO reviewflow.rate_limits (name, permits, counted_at) VALUES ($1, $2, ${NOW})
     ON CONFLICT (name) DO NOTHING`,
    [name, burst],
  );
  const rows = await tx.query(
    `SELECT greatest(not_before - ${NOW}, 0) AS held, ${PERMITS} AS permits
     FROM reviewflow.rate_limits WHERE name = $1 FOR UPDATE`,
    [name, perMinute, burst],
  );
  const { held: heldMs, permits } = z.tuple([Counted]).parse(rows)[0];
  if (heldMs > 0) return { granted: 0, nextMs: 0, heldMs };
  const granted = Math.min(wanted, Math.floor(permits));
  await tx.query(
    `UPDATE reviewflow.rate_limits SET permits = ${PERMITS} - $4::float8, counted_at = ${NOW} WHERE name = $1`,
    [name, perMinute, burst, granted],
  );
  const nextMs = granted > 0 ? 0 : Math.ceil(((1 - permits) * 60_000) / perMinute);
  return { granted, nextMs, heldMs };
};

/** Forgets the limits that nobody has asked for in two days. */
export const forgetOldRateLimits = async (sql: Sql): Promise<void> => {
  await sql.query(
    `DELETE FROM reviewflow.rate_limits WHERE greatest(not_before, counted_at) < ${NOW} - 2 * ${MAX_HOLD_MS}::bigint`,
  );
};
