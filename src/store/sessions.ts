import { randomBytes } from "node:crypto";
import type { Sql } from "./database.ts";

/** What the dashboards of all instances know of sessions, which otherwise live in browsers alone. */
export type SessionStore = {
  /** The key that sessions are signed with: 32 random bytes, made when they are first asked for. */
  readonly key: () => Promise<Uint8Array>;
  /** Ends a session before its time; `endsAtMs` is when it would have ended by itself. */
  readonly end: (id: string, endsAtMs: number) => Promise<void>;
  readonly isEnded: (id: string) => Promise<boolean>;
};

/** A random key of the store by its name: 32 bytes, the same for all instances, made when it is first asked for. */
export const readServerKey = async ({ db }: Pick<Sql, "db">, name: string): Promise<Uint8Array> => {
  await db
    .insertInto("serverKeys")
    .values({ name, value: new Uint8Array(randomBytes(32)) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { value } = await db
    .selectFrom("serverKeys")
    .select("value")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  return new Uint8Array(value);
};

/** The sessions of a store. */
export const createSessionStore = (
  { db }: Pick<Sql, "db">,
  clock: { readonly now: () => number },
): SessionStore => ({
  key: () => readServerKey({ db }, "dashboard-sessions"),
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
