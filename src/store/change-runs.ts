import { newId } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import type { Reason } from "../base/reason.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type { Database, Sql } from "./database.ts";
import { IS_ACTIVE, IS_WAITING, type Decided, assertHolds, decideAndWrite } from "./decide-and-write.ts";
import { endingStatements, firstCancelColumns } from "./end-runs.ts";
import { mergeRequestKey } from "./merge-request-key.ts";
import { readMergeRequests } from "./merge-request-states.ts";

/** What people's requests about runs are carried out with. */
export type ChangeParts = {
  readonly database: Database;
  readonly clock: Clock;
};

const readRun = ({ db }: Sql, runId: string) =>
  db.selectFrom("runs").selectAll().where("id", "=", runId).executeTakeFirst();

const nothing = <T>(result: T): Decided<T> => ({ result, statements: [], wakesWorkers: false });

/** Ends a waiting run at once and asks the worker of an active one to stop; see Store.cancelRun. */
export const cancelRun = (
  { database, clock }: ChangeParts,
  runId: string,
  reason: Reason,
): Promise<boolean> =>
  decideAndWrite(database, async (tx) => {
    const run = await readRun(tx, runId);
    switch (run?.state) {
      case "queued":
      case "retrying": {
        const ending = { id: runId, state: "cancelled", reason } as const;
        return {
          result: true,
          statements: [...assertHolds(tx, runId, IS_WAITING), ...endingStatements(tx, [ending], clock.now())],
          wakesWorkers: false,
        };
      }
      case "active":
        return {
          result: true,
          statements: [
            ...assertHolds(tx, runId, IS_ACTIVE),
            tx.db.updateTable("runs").set(firstCancelColumns(reason)).where("id", "=", runId).compile(),
          ],
          wakesWorkers: true,
        };
      default:
        return nothing(false);
    }
  });

/** Queues the merge request of a finished run again; see Store.runAgain. */
export const runAgain = ({ database, clock }: ChangeParts, runId: string): Promise<string | null> =>
  decideAndWrite(database, async (tx) => {
    const run = await readRun(tx, runId);
    if (run === undefined || run.finishedAt === null) return nothing(null);
    const key = mergeRequestKey(run);
    const state = (await readMergeRequests(tx, [key])).get(key);
    const isUnderWay = (state?.waiting ?? null) !== null || (state?.active ?? null) !== null;
    if (run.kind === "review" && isUnderWay) return nothing(null);
    const nowMs = clock.now();
    const id = newId(nowMs);
    const statement = tx.db
      .insertInto("runs")
      .values({
        id,
        kind: run.kind,
        deliveryId: run.deliveryId,
        projectId: run.projectId,
        projectPath: run.projectPath,
        iid: run.iid,
        headSha: run.headSha,
        targetBranch: run.targetBranch,
        flow: run.flow,
        event: run.event,
        trigger: "run-again",
        usage: JSON.stringify(NO_USAGE),
        createdAt: nowMs,
        state: "queued",
      })
      .compile();
    return { result: id, statements: [statement], wakesWorkers: true };
  });
