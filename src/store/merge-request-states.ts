import type { MergeRequestHistory } from "../review/decide.ts";
import type { Sql } from "./database.ts";
import { isOfMergeRequests, mergeRequestKey } from "./merge-request-key.ts";
import { historyOf, type LiveRun, type MergeRequestState } from "./plan-accept.ts";
import { HANDLE_COLUMNS, type RunHandle } from "./run-rows.ts";

const liveRun = (handle: RunHandle | undefined): LiveRun | null =>
  handle === undefined ? null : { id: handle.id, headSha: handle.headSha, cancelCode: handle.cancelCode };

/** The key in the cache of a flow under which it says whether a merge request's reviews are paused. */
export const PAUSED_KEY = "paused";

/**
 * How the reviews of these merge requests stand, by mergeRequestKey. `keys` are such keys; a merge request
 * of which nothing is known is left out. The run `exceptId` counts as if it were not there.
 */
export const readMergeRequests = async (
  { db }: Sql,
  keys: readonly string[],
  exceptId: string | null = null,
): Promise<ReadonlyMap<string, MergeRequestState>> => {
  if (keys.length === 0) return new Map();
  const runs = await db
    .selectFrom("runs")
    .select(HANDLE_COLUMNS)
    .where(isOfMergeRequests(keys))
    .where("kind", "=", "review")
    .where("state", "in", ["queued", "retrying", "active", "succeeded", "partial-succeeded"])
    .$if(exceptId !== null, (query) => query.where("id", "<>", exceptId))
    .orderBy("finishedAt", (order) => order.desc().nullsFirst())
    .orderBy("seq", "desc")
    .execute();
  const paused = await db
    .selectFrom("reviewCache")
    .select(["projectId", "iid"])
    .where(isOfMergeRequests(keys))
    .where("key", "=", PAUSED_KEY)
    .where("value", "<>", "null")
    .execute();
  const pausedKeys = new Set(paused.map(mergeRequestKey));
  const byKey = Map.groupBy(runs, mergeRequestKey);
  return new Map(
    [...new Set([...byKey.keys(), ...pausedKeys])].map((key) => [
      key,
      stateOf(byKey.get(key) ?? [], pausedKeys.has(key)),
    ]),
  );
};

/** What was done about a run's merge request, the run itself left out. */
export const readOtherRuns = async (
  sql: Sql,
  run: { readonly id: string; readonly projectId: number; readonly iid: number },
): Promise<MergeRequestHistory> => {
  const key = mergeRequestKey(run);
  const others = (await readMergeRequests(sql, [key], run.id)).get(key);
  return historyOf(others);
};

const stateOf = (handles: readonly RunHandle[], paused: boolean): MergeRequestState => ({
  paused,
  waiting: liveRun(handles.find(({ state }) => state === "queued" || state === "retrying")),
  active: liveRun(handles.find(({ state }) => state === "active")),
  reviewedHeads: handles
    .filter(({ state }) => state === "succeeded" || state === "partial-succeeded")
    .map(({ headSha }) => headSha),
  targets: targetsOf(handles),
});

/** The branches of what ended in a review or is worked on, by the head; one whose branch is not known is left out. */
const targetsOf = (handles: readonly RunHandle[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const byHead = Map.groupBy(
    handles.filter(({ state, headSha }) => headSha !== null && state !== "queued" && state !== "retrying"),
    ({ headSha }) => headSha ?? "",
  );
  return new Map(
    [...byHead].flatMap(([head, runs]) => {
      const branches = runs.flatMap(({ targetBranch }) => (targetBranch === null ? [] : [targetBranch]));
      return branches.length === runs.length ? [[head, new Set(branches)] as const] : [];
    }),
  );
};
