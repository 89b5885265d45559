import type { Journal } from "../base/journal.ts";
import type { Database, Sql } from "./database.ts";
import { startsWith } from "./dialect.ts";
import { claimLost, readValue, storedKey, toEntries } from "./journal-entry.ts";

/** What the journal of a run knows; anyone may read it. */
export const readJournal = ({ db }: Pick<Sql, "db">, runId: string): Pick<Journal, "read" | "entries"> => {
  const steps = db.selectFrom("steps").select(["key", "value"]).where("runId", "=", runId);
  return {
    read: async (key) => {
      const step = await steps.where("key", "=", storedKey(key)).executeTakeFirst();
      return step === undefined ? undefined : readValue(step.value);
    },
    entries: async (prefix) =>
      toEntries(
        await steps
          .where(startsWith("key", storedKey(prefix)))
          .orderBy("seq")
          .execute(),
      ),
  };
};

/**
 * The journal of one claimed run. Reading is free to anyone; `write` is refused with StoreError
 * `claim-lost` once another attempt has begun, so that a process that was thought dead cannot interfere.
 */
export const createRunJournal = (database: Database, runId: string, claimId: string): Journal => ({
  ...readJournal(database, runId),
  write: async (key, value) => {
    const { numInsertedOrUpdatedRows: written = 0n } = await database.db
      .insertInto("steps")
      .columns(["runId", "key", "value"])
      .expression((eb) =>
        eb
          .selectFrom("runs")
          .select(["id", eb.val(storedKey(key)).as("key"), eb.val(JSON.stringify(value)).as("value")])
          .where("id", "=", runId)
          .where("claimId", "=", claimId)
          .where("state", "=", "active")
          .$if(database.dialect === "postgres", (query) => query.forShare()),
      )
      .onConflict((conflict) =>
        conflict.columns(["runId", "key"]).doUpdateSet((eb) => ({ value: eb.ref("excluded.value") })),
      )
      .executeTakeFirst();
    if (written === 0n) throw claimLost(runId);
  },
});
