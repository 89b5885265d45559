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
      : database.transaction((tx) => takeLimited(tx, name, perMinute, wanted)),
  holdOff: async (name, waitMs) => {
    const boundedMs = Math.ceil(Math.min(Math.max(waitMs, 0), MAX_HOLD_MS));
    await database.transaction(async (tx) => {
      const pausedUntil = nowPlus(tx.dialect, boundedMs);
      await tx.db
        .insertInto("rateLimits")
        .values({ name, pausedUntil })
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
      await tx.notify(HOLD_CHANNEL);
    });
  },
});

const takeUnlimited = async (sql: Sql, name: string, wanted: number): ReturnType<RateLimits["take"]> => {
  const { heldMs } = await readLimit(sql, name, "to read");
  return { granted: heldMs > 0 ? 0 : wanted, nextMs: 0, heldMs };
};

/** A limit as it stands, with the database's time. */
const readLimit = async ({ db, dialect }: Sql, name: string, purpose: "to read" | "to change") => {
  const row = await db
    .selectFrom("rateLimits")
    .select(["permits", "countedAt", "pausedUntil", nowPlus(dialect).as("now")])
    .where("name", "=", name)
    .$if(dialect === "postgres" && purpose === "to change", (query) => query.forUpdate())
    .executeTakeFirst();
  const { permits = 0, countedAt = 0, pausedUntil = 0, now = 0 } = row ?? {};
  return { permits, countedAt, now, heldMs: Math.max(pausedUntil - now, 0) };
};

/** A new name starts with one burst. */
const takeLimited = async (
  tx: Sql,
  name: string,
  perMinute: number,
  wanted: number,
): ReturnType<RateLimits["take"]> => {
  const burst = Math.max(1, (perMinute * BURST_MS) / 60_000);
  await tx.db
    .insertInto("rateLimits")
    .values({ name, permits: burst, countedAt: nowPlus(tx.dialect) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  const { heldMs, now, ...limit } = await readLimit(tx, name, "to change");
  if (heldMs > 0) return { granted: 0, nextMs: 0, heldMs };
  const sinceMs = Math.max(now - limit.countedAt, 0);
  const permits = Math.min(burst, limit.permits + (perMinute * sinceMs) / 60_000);
  const granted = Math.min(wanted, Math.floor(permits));
  await tx.db
    .updateTable("rateLimits")
    .set({ permits: permits - granted, countedAt: now })
    .where("name", "=", name)
    .execute();
  const nextMs = granted > 0 ? 0 : Math.ceil(((1 - permits) * 60_000) / perMinute);
  return { granted, nextMs, heldMs };
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
