import { newId } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type { Database, Sql } from "./database.ts";
import { WAKE_CHANNEL, endRuns } from "./end-runs.ts";
import { mergeRequestKey } from "./merge-request-key.ts";
import { readMergeRequests } from "./merge-request-states.ts";
import type { Row } from "./tables.ts";
import { storableText } from "./stored-text.ts";

/** What people's requests about runs are carried out with. */
export type ChangeParts = {
  readonly database: Database;
  readonly clock: Clock;
};

/** Locks a run, so that what is returned stays true; undefined for an unknown one. */
const lockRun = async ({ db, dialect }: Sql, runId: string): Promise<Row<"runs"> | undefined> =>
  db
    .selectFrom("runs")
    .selectAll()
    .where("id", "=", runId)
    .$if(dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();

/** Ends a waiting run at once and asks the worker of an active one to stop; see Store.cancelRun. */
export const cancelRun = async (parts: ChangeParts, runId: string, reason: string): Promise<boolean> =>
  parts.database.transaction(async (tx) => {
    const run = await lockRun(tx, runId);
    if (run?.state === "queued" || run?.state === "retrying") {
      const ending = { id: run.id, state: "cancelled", reason, reasonCode: null } as const;
      await endRuns(tx, [ending], parts.clock.now());
      return true;
    }
    if (run?.state !== "active") return false;
    await tx.db
      .updateTable("runs")
      .set((eb) => ({ cancelReason: eb.fn.coalesce("cancelReason", eb.val(storableText(reason))) }))
      .where("id", "=", runId)
      .execute();
    await tx.notify(WAKE_CHANNEL);
    return true;
  });

/** Queues the merge request of a finished run again; see Store.runAgain. */
export const runAgain = async (parts: ChangeParts, runId: string): Promise<string | null> =>
  parts.database.transaction(async (tx) => {
    const run = await lockRun(tx, runId);
    if (run === undefined || run.finishedAt === null) return null;
    const key = mergeRequestKey(run);
    const state = (await readMergeRequests(tx, [key])).get(key);
    const isUnderWay = (state?.waiting ?? null) !== null || (state?.active ?? null) !== null;
    if (run.kind === "review" && isUnderWay) return null;
    const nowMs = parts.clock.now();
    const id = newId(nowMs);
    await tx.db
      .insertInto("runs")
      .values({
        id,
        kind: run.kind,
        deliveryId: run.deliveryId,
        projectId: run.projectId,
        projectPath: run.projectPath,
        iid: run.iid,
        headSha: run.headSha,
        flow: run.flow,
        event: run.event,
        trigger: "run-again",
        usage: JSON.stringify(NO_USAGE),
        createdAt: nowMs,
        state: "queued",
      })
      .execute();
    await tx.notify(WAKE_CHANNEL);
    return id;
  });
