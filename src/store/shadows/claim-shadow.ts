import { type CompiledQuery, sql, type SqlBool } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { assertHeld, isHeld, workBehindClaim } from "../claimed-writes.ts";
import type { Database, Sql } from "../database.ts";
import { decideAndWrite } from "../decide-and-write.ts";
import { NOW, nowPlus } from "../dialect.ts";
import { claimLost } from "../journal-entry.ts";
import { RELEASED, heldBy, isLeaseOver, leavesTimeToWrite, renewLeases } from "../lease.ts";
import { readJournal } from "../run-journal.ts";
import { NO_REASON, reasonColumns, RUN_COLUMNS, toRun } from "../run-rows.ts";
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
  let confirmedAtMs = performance.now();
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
    renew: async () => {
      const askedAtMs = performance.now();
      const isOurs = (await renewLeases(database, "shadowRuns", [claimId], leaseMs)).length > 0;
      if (isOurs) confirmedAtMs = askedAtMs;
      return isOurs;
    },
    work: (work, onLost) => {
      const assertTime = (): void => {
        if (leavesTimeToWrite(database, confirmedAtMs, leaseMs)) return;
        const lost = claimLost(shadow.id);
        onLost(lost);
        throw lost;
      };
      return workBehindClaim({ table: "shadowRuns", id: shadow.id, claimId }, assertTime, work);
    },
    settle: (settlement) => settle(database, clock, held, settlement),
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
            where.and([where("s.state", "=", "active"), isLeaseOver(database, "s.heldUntil")]),
          ]),
        )
        .orderBy("s.seq")
        .limit(1)
        .$if(dialect === "postgres", (query) => query.forUpdate("s").skipLocked()),
    )
    .returning(SHADOW_COLUMNS)
    .executeTakeFirst();
};

/** Leaves a claimed shadow run; false when the claim is no longer ours, in which case nothing is changed. */
const settle = (
  database: Database,
  clock: Clock,
  { shadow, claimId }: HeldShadow,
  settlement: ShadowSettlement,
): Promise<boolean> => {
  const row = { table: "shadowRuns", id: shadow.id, claimId } as const;
  return decideAndWrite(database, async (tx) => {
    if (!(await isHeld(tx, row))) return { result: false, statements: [], wakesWorkers: false };
    const statements = [...assertHeld(tx, row), ...settling(tx, clock, shadow.id, settlement)];
    return { result: true, statements, wakesWorkers: false };
  });
};

const settling = (
  { db, dialect }: Sql,
  clock: Clock,
  shadowId: string,
  settlement: ShadowSettlement,
): readonly CompiledQuery[] => {
  const ours = db.updateTable("shadowRuns").where("id", "=", shadowId);
  if (settlement.state === "retry" || settlement.state === "handed-back") {
    const isRetry = settlement.state === "retry";
    const counts = isRetry && settlement.untried !== true;
    return [
      ours
        .set((eb) => ({
          state: "queued" as const,
          ...RELEASED,
          ...(isRetry ? reasonColumns(settlement.reason) : NO_REASON),
          dueAt: nowPlus(dialect, isRetry ? settlement.delayMs : 0),
          attempts: eb("attempts", "-", counts ? 0 : 1),
        }))
        .compile(),
    ];
  }
  const isDone = settlement.state === "done";
  return [
    ours
      .set({
        state: settlement.state,
        ...RELEASED,
        ...(isDone ? NO_REASON : reasonColumns(settlement.reason)),
        report: isDone ? JSON.stringify(settlement.report) : null,
        figures: isDone ? JSON.stringify(settlement.figures) : null,
        finishedAt: clock.now(),
      })
      .compile(),
    db.deleteFrom("shadowSteps").where("shadowId", "=", shadowId).compile(),
  ];
};
