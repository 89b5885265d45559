import { randomBytes } from "node:crypto";
import type { Database } from "./database.ts";

/** What the dashboards of all instances know of sessions, which otherwise live in browsers alone. */
export type SessionStore = {
  /** The key that sessions are signed with: 32 random bytes, made when they are first asked for. */
  readonly key: () => Promise<Uint8Array>;
  /** Ends a session before its time; `endsAtMs` is when it would have ended by itself. */
  readonly end: (id: string, endsAtMs: number) => Promise<void>;
  readonly isEnded: (id: string) => Promise<boolean>;
};

const KEY = "dashboard-sessions";

/** The sessions of a store. */
export const createSessionStore = (
  { db }: Pick<Database, "db">,
  clock: { readonly now: () => number },
): SessionStore => ({
  key: async () => {
    const made = { name: KEY, value: new Uint8Array(randomBytes(32)) };
    await db
      .insertInto("serverKeys")
      .values(made)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { value } = await db
      .selectFrom("serverKeys")
      .select("value")
      .where("name", "=", KEY)
      .executeTakeFirstOrThrow();
    return new Uint8Array(value);
  },
  end: async (id, endsAt) => {
    await db.deleteFrom("endedSessions").where("endsAt", "<", clock.now()).execute();
    await db
      .insertInto("endedSessions")
      .values({ id, endsAt })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  },
  isEnded: async (id) =>
    (await db.selectFrom("endedSessions").select("id").where("id", "=", id).executeTakeFirst()) !== undefined,
});
