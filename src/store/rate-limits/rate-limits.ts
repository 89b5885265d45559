import type { Database, Sql } from "../database.ts";
import { nowPlus } from "../dialect.ts";

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

/** Rate limits in the table of the store, counted by the database's clock. */
export const createRateLimits = (database: Database): RateLimits => ({
  take: (name, { perMinute, wanted }) =>
    perMinute === null
      ? takeUnlimited(database, name, wanted)
      : takeLimited(database, name, perMinute, wanted),
  holdOff: async (name, waitMs) => {
    const boundedMs = Math.ceil(Math.min(Math.max(waitMs, 0), MAX_HOLD_MS));
    await database.db
      .insertInto("rateLimits")
      .values({ name, pausedUntil: nowPlus(database.dialect, boundedMs) })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet((eb) => ({
          pausedUntil: eb
            .case()
            .when("rateLimits.pausedUntil", ">", eb.ref("excluded.pausedUntil"))
            .then(eb.ref("rateLimits.pausedUntil"))
            .else(eb.ref("excluded.pausedUntil"))
            .end(),
        })),
      )
      .execute();
    await database.notify(HOLD_CHANNEL);
  },
});

const takeUnlimited = async (sql: Sql, name: string, wanted: number): ReturnType<RateLimits["take"]> => {
  const heldMs = (await readLimit(sql, name))?.heldMs ?? 0;
  return { granted: heldMs > 0 ? 0 : wanted, nextMs: 0, heldMs };
};

/** A limit as it stands, with the database's time; null for a new name. */
const readLimit = async ({ db, dialect }: Sql, name: string) => {
  const row = await db
    .selectFrom("rateLimits")
    .select(["permits", "countedAt", "pausedUntil", nowPlus(dialect).as("now")])
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, heldMs: Math.max(row.pausedUntil - row.now, 0) };
};

/** How often somebody else may be quicker, until permits are asked for a little later. */
const MAX_TRIES = 20;
const LOST_AGAIN_MS = 50;

/**
 * A new name starts with one burst. Permits are taken where the limit still stands as it was read, without a lock: a
 * process that stands still in between keeps nobody from calling.
 */
const takeLimited = async (
  database: Database,
  name: string,
  perMinute: number,
  wanted: number,
): ReturnType<RateLimits["take"]> => {
  const { db, dialect } = database;
  const burst = Math.max(1, (perMinute * BURST_MS) / 60_000);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const limit = await readLimit(database, name);
    if (limit === null) {
      await db
        .insertInto("rateLimits")
        .values({ name, permits: burst, countedAt: nowPlus(dialect) })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      continue;
    }
    const { heldMs, now } = limit;
    if (heldMs > 0) return { granted: 0, nextMs: 0, heldMs };
    const sinceMs = Math.max(now - limit.countedAt, 0);
    const permits = Math.min(burst, limit.permits + (perMinute * sinceMs) / 60_000);
    const granted = Math.min(wanted, Math.floor(permits));
    if (granted === 0) return { granted, nextMs: Math.ceil(((1 - permits) * 60_000) / perMinute), heldMs };
    const { numUpdatedRows } = await db
      .updateTable("rateLimits")
      .set({ permits: permits - granted, countedAt: Math.max(now, limit.countedAt) })
      .where("name", "=", name)
      .where("permits", "=", limit.permits)
      .where("countedAt", "=", limit.countedAt)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) return { granted, nextMs: 0, heldMs };
  }
  return { granted: 0, nextMs: LOST_AGAIN_MS, heldMs: 0 };
};

/** Forgets the limits that nobody has asked for in two days. */
export const forgetOldRateLimits = async ({ db, dialect }: Sql): Promise<void> => {
  const before = nowPlus(dialect, -2 * MAX_HOLD_MS);
  await db
    .deleteFrom("rateLimits")
    .where("pausedUntil", "<", before)
    .where("countedAt", "<", before)
    .execute();
};
