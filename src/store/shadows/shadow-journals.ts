import type { Clock } from "../../base/clock.ts";
import type { Journal } from "../../base/journal.ts";
import type { Sql } from "../database.ts";
import { startsWith } from "../dialect.ts";
import { createReviewCache } from "../flow-memory.ts";
import { claimLost, readValue, storedKey, toEntries } from "../journal-entry.ts";
import type { ShadowRun } from "./shadow-store.ts";

/** A shadow run as it is held now. */
export type HeldShadow = { readonly shadow: ShadowRun; readonly claimId: string };

/** The finished steps of a shadow run, so that another attempt pays for none of them again. */
export const shadowJournal = ({ db, dialect }: Sql, { shadow, claimId }: HeldShadow): Journal => {
  const steps = db.selectFrom("shadowSteps").select(["key", "value"]).where("shadowId", "=", shadow.id);
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
    write: async (key, value) => {
      const { numInsertedOrUpdatedRows: written = 0n } = await db
        .insertInto("shadowSteps")
        .columns(["shadowId", "key", "value"])
        .expression((eb) =>
          eb
            .selectFrom("shadowRuns")
            .select(["id", eb.val(storedKey(key)).as("key"), eb.val(JSON.stringify(value)).as("value")])
            .where("id", "=", shadow.id)
            .where("claimId", "=", claimId)
            .where("state", "=", "active")
            .$if(dialect === "postgres", (query) => query.forShare()),
        )
        .onConflict((conflict) =>
          conflict.columns(["shadowId", "key"]).doUpdateSet((eb) => ({ value: eb.ref("excluded.value") })),
        )
        .executeTakeFirst();
      if (written === 0n) throw claimLost(shadow.id);
    },
  };
};

/**
 * What a candidate remembers of a merge request, beside the memories of flows and forgotten like them. No name of
 * a flow holds the character between the two names, so that no flow has this memory by chance.
 */
export const shadowMemory = (sql: Sql, clock: Clock, { shadow, claimId }: HeldShadow): Journal =>
  createReviewCache(
    sql,
    clock,
    { ...shadow, flow: `${shadow.flow}~${shadow.candidate}` },
    { table: "shadowRuns", id: shadow.id, claimId },
  );
