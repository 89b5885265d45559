import { sql, type SqlBool } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import type { Database, Sql } from "../database.ts";
import { NOW, nowPlus } from "../dialect.ts";
import { RELEASED, heldBy, renewLeases } from "../lease.ts";
import { readJournal } from "../run-journal.ts";
import { RUN_COLUMNS, toRun } from "../run-rows.ts";
import { storableText } from "../stored-text.ts";
import { shadowJournal, shadowMemory, type HeldShadow } from "./shadow-journals.ts";
import { SHADOW_COLUMNS, toShadow } from "./shadow-rows.ts";
import type { ShadowClaim, ShadowSettlement, ShadowStore } from "./shadow-store.ts";

/**
 * Takes the oldest due shadow run whose candidate nobody has decided about. One whose holder has been
 * silent for its lease is taken over.
 */
export const claimShadow = async (
  database: Database,
  clock: Clock,
  keys: Parameters<ShadowStore["claim"]>[0],
  { leaseMs, plannedBeforeMs }: Parameters<ShadowStore["claim"]>[1],
): Promise<ShadowClaim | null> => {
  if (keys.length === 0) return null;
  const claimId = newId();
  const row = await take(database, { claimId, leaseMs, plannedBeforeMs }, keys);
  if (row === undefined) return null;
  const shadow = toShadow(row);
  const run = await database.db
    .selectFrom("runs")
    .select(RUN_COLUMNS)
    .where("id", "=", shadow.runId)
    .executeTakeFirst();
  // A run that is deleted takes its shadow with it.
  if (run === undefined) return null;
  const held = { shadow, claimId };
  return {
    shadow,
    run: toRun(run),
    presentJournal: readJournal(database, run.id),
    journal: shadowJournal(database, held),
    memory: shadowMemory(database, clock, held),
    renew: async () => (await renewLeases(database, "shadowRuns", [claimId], leaseMs)).length > 0,
    settle: (settlement) => database.transaction((tx) => settle(tx, clock, held, settlement)),
  };
};

const take = (
  database: Database,
  claim: { readonly claimId: string; readonly leaseMs: number; readonly plannedBeforeMs: number | null },
  keys: Parameters<ShadowStore["claim"]>[0],
) => {
  const { db, dialect } = database;
  const now = sql<number>`${sql.raw(NOW[dialect])}`;
  return db
    .updateTable("shadowRuns")
    .set((eb) => ({
      state: "active" as const,
      ...heldBy(database, claim.claimId, claim.leaseMs),
      attempts: eb("attempts", "+", 1),
    }))
    .where("id", "=", (eb) =>
      eb
        .selectFrom("shadowRuns as s")
        .innerJoin("shadowCandidates as c", (join) =>
          join.onRef("c.flow", "=", "s.flow").onRef("c.candidate", "=", "s.candidate"),
        )
        .select("s.id")
        .where((where) =>
          where.or(
            keys.map(
              ({ flow, candidate }) => sql<SqlBool>`(s.flow = ${flow} AND s.candidate = ${candidate})`,
            ),
          ),
        )
        .where("c.choice", "is", null)
        .$if(claim.plannedBeforeMs !== null, (query) =>
          query.where("s.createdAt", "<", claim.plannedBeforeMs ?? 0),
        )
        .where((where) =>
          where.or([
            where.and([where("s.state", "=", "queued"), where("s.dueAt", "<=", now)]),
            where.and([where("s.state", "=", "active"), where("s.heldUntil", "<=", now)]),
          ]),
        )
        .orderBy("s.seq")
        .limit(1)
        .$if(dialect === "postgres", (query) => query.forUpdate("s").skipLocked()),
    )
    .returning(SHADOW_COLUMNS)
    .executeTakeFirst();
};

const settle = async (
  { db, dialect }: Sql,
  clock: Clock,
  { shadow, claimId }: HeldShadow,
  settlement: ShadowSettlement,
): Promise<boolean> => {
  const ours = db
    .updateTable("shadowRuns")
    .where("id", "=", shadow.id)
    .where("claimId", "=", claimId)
    .where("state", "=", "active");
  if (settlement.state === "retry" || settlement.state === "handed-back") {
    const isRetry = settlement.state === "retry";
    const counts = isRetry && settlement.untried !== true;
    const { numUpdatedRows } = await ours
      .set((eb) => ({
        state: "queued" as const,
        ...RELEASED,
        reason: isRetry ? storableText(settlement.reason) : null,
        dueAt: nowPlus(dialect, isRetry ? settlement.delayMs : 0),
        attempts: eb("attempts", "-", counts ? 0 : 1),
      }))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }
  const isDone = settlement.state === "done";
  const { numUpdatedRows } = await ours
    .set({
      state: settlement.state,
      ...RELEASED,
      reason: isDone ? null : storableText(settlement.reason),
      report: isDone ? JSON.stringify(settlement.report) : null,
      figures: isDone ? JSON.stringify(settlement.figures) : null,
      finishedAt: clock.now(),
    })
    .executeTakeFirst();
  if (numUpdatedRows > 0n) await db.deleteFrom("shadowSteps").where("shadowId", "=", shadow.id).execute();
  return numUpdatedRows > 0n;
};
