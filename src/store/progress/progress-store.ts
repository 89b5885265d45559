import { sql, type SqlBool } from "kysely";
import { z } from "zod";
import type { Database } from "../database.ts";
import { nowPlus } from "../dialect.ts";
import { RUN_COLUMNS, toRun } from "../run-rows.ts";
import { OWES } from "../end-runs.ts";
import type { TokenVault } from "../token-vault.ts";
import type { Secret } from "../../base/secret.ts";
import type { MergeRequestRef } from "../../review/forge.ts";
import type { Run } from "../store.ts";
import type { Row } from "../tables.ts";

/** What the note of a merge request says of its newest review. */
export type ProgressNote = Row<"progressNotes">;

/** A review whose merge request does not show yet how it stands. */
export type DueProgress = { readonly run: Run; readonly shows: ProgressNote["shows"] };

/** The reaction of a merge request that says that its review is made. */
export type ShownReaction = Row<"reactions">;

/** A commit status that says that a review is made. */
export type PendingStatus = Omit<Row<"pendingStatuses">, "endState" | "endText">;

/** How a review was to end its status, which the place did not take at that time. */
const UntakenEnd = z.object({ state: z.enum(["success", "failed", "canceled"]), description: z.string() });
type UntakenEnd = Readonly<z.infer<typeof UntakenEnd>>;

/** A status whose review is made no more, or of another head by now, and how its run stands; null when that is gone. */
export type LeftStatus = {
  readonly status: PendingStatus;
  readonly run: Pick<Run, "state" | "headSha"> | null;
  readonly end: UntakenEnd | null;
};

/** Which merge requests show that a review is made, has failed or waits, over all instances. Failures are StoreErrors. */
export type ProgressStore = {
  /**
   * The newest reviews of merge requests that have failed for good since a moment, or that wait for longer than
   * `waitsMs`, as far as nothing shows it.
   */
  readonly listDue: (
    flows: readonly string[],
    times: { readonly failedSinceMs: number; readonly waitsMs: number; readonly nowMs: number },
  ) => Promise<readonly DueProgress[]>;
  /** What is shown and no longer so: a newer review was made, or none is wanted. */
  readonly listOver: () => Promise<readonly ProgressNote[]>;
  readonly put: (note: ProgressNote) => Promise<void>;
  readonly remove: (note: Pick<ProgressNote, "projectId" | "iid" | "flow">) => Promise<void>;
  /** Notes a reaction, and returns it with the id that is known of it. */
  readonly putReaction: (reaction: ShownReaction) => Promise<ShownReaction>;
  /** Forgets a reaction that was taken off, unless there is another by now. */
  readonly removeReaction: (reaction: ShownReaction) => Promise<void>;
  /** Reactions that a review has left behind which nobody works on any more. */
  readonly listReactions: () => Promise<readonly ShownReaction[]>;
  /** Notes a status before it is set. */
  readonly putStatus: (status: PendingStatus, end?: UntakenEnd | null) => Promise<void>;
  /** Forgets a status that has come to an end, unless another run has set it anew by now. */
  readonly removeStatus: (status: PendingStatus) => Promise<void>;
  /**
   * The token that came with a run's delivery, or with the newest delivery of the merge request that has one still where
   * none is named; null without one. Throws StoreError `token-unreadable`.
   */
  readonly findToken: (ref: MergeRequestRef, runId: string | null) => Promise<Secret | null>;
  /** Deletes tokens of ended runs that nothing is left to be said with, and those of runs that ended before a moment. */
  readonly forgetTokens: (flows: readonly string[], endedBeforeMs: number) => Promise<void>;
  /** Statuses that a review has left behind which nobody works on or waits for any more. */
  readonly listStatuses: () => Promise<readonly LeftStatus[]>;
};

const MOST = 50;

/** The notes of a store. */
export const createProgressStore = (
  { db, dialect }: Database,
  vault: Pick<TokenVault, "open">,
): ProgressStore => {
  const newest = (flows: readonly string[], shows: ProgressNote["shows"]) =>
    db
      .selectFrom("runs as r")
      .select(RUN_COLUMNS.map((column) => `r.${column}` as const))
      .where("r.kind", "=", "review")
      .where("r.flow", "in", flows)
      .where(
        sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.runs n WHERE n.project_id = r.project_id AND n.iid = r.iid
          AND n.kind = 'review' AND n.seq > r.seq)`,
      )
      .where(
        sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.progress_notes p WHERE p.run_id = r.id AND p.shows = ${shows})`,
      )
      .orderBy("r.seq")
      .limit(MOST);
  return {
    listDue: async (flows, { failedSinceMs, waitsMs, nowMs }) => {
      if (flows.length === 0) return [];
      const failed = await newest(flows, "failed")
        .where("r.state", "=", "failed")
        .where("r.finishedAt", ">", failedSinceMs)
        .execute();
      const waiting = await newest(flows, "waiting")
        .where((eb) =>
          eb.or([
            eb.and([eb("r.state", "=", "queued"), eb("r.waitingSince", "<=", nowPlus(dialect, -waitsMs))]),
            eb.and([eb("r.state", "=", "retrying"), eb("r.startedAt", "<=", nowMs - waitsMs)]),
          ]),
        )
        .execute();
      return [
        ...failed.map((row): DueProgress => ({ run: toRun(row), shows: "failed" })),
        ...waiting.map((row): DueProgress => ({ run: toRun(row), shows: "waiting" })),
      ];
    },
    listOver: () =>
      db
        .selectFrom("progressNotes as p")
        .selectAll("p")
        .where(
          sql<SqlBool>`coalesce((SELECT n.state FROM reviewflow.runs n WHERE n.project_id = p.project_id
            AND n.iid = p.iid AND n.kind = 'review' ORDER BY n.seq DESC LIMIT 1), 'succeeded')
            IN ('succeeded', 'partial-succeeded', 'cancelled', 'superseded')`,
        )
        .limit(MOST)
        .execute(),
    put: async (note) => {
      await db
        .insertInto("progressNotes")
        .values(note)
        .onConflict((conflict) => conflict.columns(["projectId", "iid", "flow"]).doUpdateSet(note))
        .execute();
    },
    remove: async ({ projectId, iid, flow }) => {
      await db
        .deleteFrom("progressNotes")
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .where("flow", "=", flow)
        .execute();
    },
    putReaction: (reaction) =>
      db
        .insertInto("reactions")
        .values(reaction)
        .onConflict((conflict) =>
          conflict.columns(["projectId", "iid", "flow"]).doUpdateSet((eb) => ({
            awardId: eb.fn.coalesce("excluded.awardId", "reactions.awardId"),
          })),
        )
        .returningAll()
        .executeTakeFirstOrThrow(),
    removeReaction: async ({ projectId, iid, flow, awardId }) => {
      await db
        .deleteFrom("reactions")
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .where("flow", "=", flow)
        .where(sql<SqlBool>`award_id IS NOT DISTINCT FROM ${awardId}`)
        .execute();
    },
    listReactions: () =>
      db
        .selectFrom("reactions as a")
        .selectAll("a")
        .where(
          sql<SqlBool>`NOT EXISTS (SELECT 1 FROM reviewflow.runs n WHERE n.project_id = a.project_id AND n.iid = a.iid
            AND n.kind = 'review' AND n.state = 'active')`,
        )
        .limit(MOST)
        .execute(),
    putStatus: async (status, end = null) => {
      const until = { endState: end?.state ?? null, endText: end?.description ?? null };
      await db
        .insertInto("pendingStatuses")
        .values({ ...status, ...until })
        .onConflict((conflict) =>
          conflict.columns(["projectId", "iid", "flow", "sha"]).doUpdateSet({
            ref: status.ref,
            runId: status.runId,
            ...until,
          }),
        )
        .execute();
    },
    removeStatus: async ({ projectId, iid, flow, sha, runId }) => {
      await db
        .deleteFrom("pendingStatuses")
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .where("flow", "=", flow)
        .where("sha", "=", sha)
        .where("runId", "=", runId)
        .execute();
    },
    findToken: async ({ projectId, iid }, runId) => {
      const sealed = await db
        .selectFrom("runTokens as t")
        .innerJoin("runs as r", "r.id", "t.runId")
        .select(["t.runId", "t.keyId", "t.nonce", "t.ciphertext"])
        .where("r.projectId", "=", projectId)
        .where("r.iid", "=", iid)
        .where("r.kind", "=", "review")
        .$if(runId !== null, (query) => query.where("r.id", "=", runId))
        .orderBy("r.seq", "desc")
        .executeTakeFirst();
      return sealed === undefined ? null : vault.open(sealed.runId, sealed);
    },
    forgetTokens: async (flows, endedBeforeMs) => {
      const others = flows.length === 0 ? sql`true` : sql`r.flow NOT IN (${sql.join(flows)})`;
      await db
        .deleteFrom("runTokens")
        .where(
          sql<SqlBool>`run_id IN (SELECT r.id FROM reviewflow.run_tokens t JOIN reviewflow.runs r ON r.id = t.run_id
            WHERE r.finished_at IS NOT NULL AND (r.finished_at < ${endedBeforeMs} OR NOT ${OWES} OR ${others}))`,
        )
        .execute();
    },
    listStatuses: async () => {
      const rows = await db
        .selectFrom("pendingStatuses as s")
        .leftJoin("runs as r", "r.id", "s.runId")
        .selectAll("s")
        .select(["r.state", "r.headSha"])
        .where((eb) =>
          eb.or([
            eb("r.id", "is", null),
            eb("r.state", "not in", ["queued", "active", "retrying"]),
            eb("r.headSha", "!=", eb.ref("s.sha")),
          ]),
        )
        .limit(MOST)
        .execute();
      return rows.map(({ state, headSha, endState, endText, ...status }) => ({
        status,
        end: UntakenEnd.nullable().parse(
          endState === null ? null : { state: endState, description: endText ?? "" },
        ),
        run: state === null ? null : { state, headSha },
      }));
    },
  };
};
