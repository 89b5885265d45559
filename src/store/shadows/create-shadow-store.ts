import { type CompiledQuery, sql } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { reasonOf } from "../../base/reason.ts";
import { parseJson } from "../../base/json.ts";
import type { ShadowChoice } from "../../review/shadow/decide-choice.ts";
import { ShadowReport } from "../../review/shadow/shadow-report.ts";
import type { Database, Sql } from "../database.ts";
import { decideAndWrite } from "../decide-and-write.ts";
import { RELEASED } from "../lease.ts";
import { readJournal } from "../run-journal.ts";
import { reasonColumns, RUN_COLUMNS, toRun } from "../run-rows.ts";
import { storableText, storableTextOrNull } from "../stored-text.ts";
import { claimShadow } from "./claim-shadow.ts";
import { SHADOW_COLUMNS, toShadow, toStanding } from "./shadow-rows.ts";
import type { CandidateKey, PlannedShadow, ShadowStore } from "./shadow-store.ts";
import { deleteInPieces } from "../retention/delete-in-pieces.ts";

const DAY_MS = 86_400_000;
/** How long comparisons are kept. */
const KEPT_MS = 90 * DAY_MS;

/** Shadow runs over the store's database. */
export const createShadowStore = (database: Database, clock: Clock): ShadowStore => {
  const { db } = database;
  return {
    ...createStandings(database, clock),
    listUnplanned: async ({ flow, candidate }, { sinceMs, limit }) => {
      const rows = await db
        .selectFrom("runs")
        .select(RUN_COLUMNS)
        .where("flow", "=", flow)
        .where("kind", "=", "review")
        .where("state", "in", ["succeeded", "partial-succeeded"])
        .where("finishedAt", ">=", sinceMs)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("shadowRuns as s")
                .select("s.id")
                .whereRef("s.runId", "=", "runs.id")
                .where("s.candidate", "=", candidate),
            ),
          ),
        )
        .orderBy("finishedAt")
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map(toRun);
    },
    journalOf: (runId) => readJournal(database, runId),
    hasSeen: async ({ flow, candidate }, { projectId, iid }) => {
      const seen = await db
        .selectFrom("shadowRuns")
        .select("id")
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .where("flow", "=", flow)
        .where("candidate", "=", candidate)
        .where("state", "in", ["queued", "active", "done", "failed"])
        .limit(1)
        .executeTakeFirst();
      return seen !== undefined;
    },
    plan: (planned) => plan(database, planned, clock.now()),
    claim: (keys, options) => claimShadow(database, clock, keys, options),
    list: async ({ flow, candidate }, limit) => {
      const rows = await db
        .selectFrom("shadowRuns")
        .select(SHADOW_COLUMNS)
        .where("flow", "=", flow)
        .where("candidate", "=", candidate)
        .orderBy("seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(toShadow);
    },
    find: async (id) => {
      const row = await db
        .selectFrom("shadowRuns")
        .select([...SHADOW_COLUMNS, "report"])
        .where("id", "=", id)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { report, ...shadow } = row;
      return {
        shadow: toShadow(shadow),
        report: report === null ? null : (ShadowReport.safeParse(parseJson(report)).data ?? null),
      };
    },
  };
};

/** Older comparisons of the merge request that still wait would review a head that is gone. */
const plan = (
  { batch, db }: Database,
  { run, candidate, skip }: PlannedShadow,
  nowMs: number,
): Promise<void> => {
  const id = newId();
  const insert = db
    .insertInto("shadowRuns")
    .values({
      id,
      runId: run.id,
      flow: run.flow,
      candidate,
      projectId: run.projectId,
      projectPath: run.projectPath,
      iid: run.iid,
      headSha: run.headSha,
      state: skip === null ? "queued" : "skipped",
      ...(skip === null ? {} : reasonColumns(skip)),
      createdAt: nowMs,
      finishedAt: skip === null ? null : nowMs,
    })
    .onConflict((conflict) => conflict.columns(["runId", "candidate"]).doNothing())
    .compile();
  const giveWay = db
    .updateTable("shadowRuns")
    .set({
      state: "skipped",
      ...reasonColumns(reasonOf("shadow-newer-review")),
      finishedAt: nowMs,
    })
    .where("projectId", "=", run.projectId)
    .where("iid", "=", run.iid)
    .where("flow", "=", run.flow)
    .where("candidate", "=", candidate)
    .where("state", "=", "queued")
    .where("runId", "<>", run.id)
    // Not where it was planned before.
    .where((eb) =>
      eb.exists(eb.selectFrom("shadowRuns as planned").select("planned.id").where("planned.id", "=", id)),
    )
    .compile();
  return batch(skip === null ? [insert, giveWay] : [insert]);
};

type Standings = Pick<ShadowStore, "follow" | "standing" | "standings" | "choose">;

const createStandings = (database: Database, clock: Clock): Standings => ({
  follow: async ({ flow, candidate }) => {
    const row = await database.db
      .insertInto("shadowCandidates")
      .values({ flow, candidate, since: clock.now() })
      .onConflict((conflict) =>
        conflict
          .columns(["flow", "candidate"])
          .doUpdateSet((eb) => ({ since: eb.ref("shadowCandidates.since") })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    return toStanding(row);
  },
  standing: async (key) => {
    const row = await standingOf(database, key).executeTakeFirst();
    return row === undefined ? null : toStanding(row);
  },
  standings: async () => {
    const rows = await database.db
      .selectFrom("shadowCandidates")
      .selectAll()
      .orderBy("flow")
      .orderBy("candidate")
      .execute();
    return rows.map(toStanding);
  },
  choose: async (key, choice, by) => {
    const chosen = { choice, chosenAt: clock.now(), chosenBy: storableTextOrNull(by) };
    await decideAndWrite(database, async (tx) => ({
      result: undefined,
      statements: choosing(tx, key, chosen),
      wakesWorkers: false,
    }));
    return toStanding(await standingOf(database, key).executeTakeFirstOrThrow());
  },
});

const standingOf = ({ db }: Sql, { flow, candidate }: CandidateKey) =>
  db
    .selectFrom("shadowCandidates")
    .selectAll()
    .where("flow", "=", storableText(flow))
    .where("candidate", "=", storableText(candidate));

const choosing = (
  { db }: Sql,
  { flow, candidate }: CandidateKey,
  chosen: {
    readonly choice: ShadowChoice | null;
    readonly chosenAt: number;
    readonly chosenBy: string | null;
  },
): readonly CompiledQuery[] => {
  const { choice, chosenAt: nowMs } = chosen;
  return [
    db
      .insertInto("shadowCandidates")
      .values({ flow, candidate, since: nowMs, ...chosen })
      .onConflict((conflict) =>
        conflict
          .columns(["flow", "candidate"])
          .doUpdateSet({ ...chosen, ...(choice === null ? { since: nowMs } : {}) }),
      )
      .compile(),
    db
      .updateTable("shadowRuns")
      .set({
        state: "skipped",
        ...RELEASED,
        ...reasonColumns(reasonOf("shadow-decided", { choice: choice ?? "none" })),
        finishedAt: nowMs,
      })
      .where("flow", "=", flow)
      .where("candidate", "=", candidate)
      .where("state", "in", ["queued", "active"])
      .compile(),
  ];
};

/** Deletes comparisons of more than 90 days ago. */
export const forgetOldShadows = async (database: Sql, nowMs: number): Promise<void> => {
  const old = sql`created_at < ${nowMs - KEPT_MS} AND state IN ('done', 'failed', 'skipped')`;
  await deleteInPieces(database, {
    table: "shadow_steps",
    key: ["seq"],
    where: sql`shadow_id IN (SELECT id FROM reviewflow.shadow_runs WHERE ${old})`,
  });
  await deleteInPieces(database, { table: "shadow_runs", key: ["seq"], where: old });
};
