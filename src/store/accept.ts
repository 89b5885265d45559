import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import { reasonOf } from "../base/reason.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { JOINED_PREFIX, targetBranchOf } from "../review/stored-event.ts";
import type { CompiledQuery } from "kysely";
import { encodeBody } from "./body-codec.ts";
import type { Database, Sql } from "./database.ts";
import { IS_NOT_WAITING, IS_UNDER_WAY, IS_WAITING, assertHolds, decideAndWrite } from "./decide-and-write.ts";
import { nowPlus } from "./dialect.ts";
import { cancelColumns, endingStatements } from "./end-runs.ts";
import type { ItemResult } from "./group-commit.ts";
import { NO_REASON, reasonColumns } from "./run-rows.ts";
import { readMergeRequests } from "./merge-request-states.ts";
import {
  type AcceptPlan,
  type PlannedRun,
  type PreparedRequest,
  mergeRequestOf,
  planAccept,
} from "./plan-accept.ts";
import type { AcceptOutcome, AcceptRequest } from "./store.ts";
import { storableText, storableTextOrNull } from "./stored-text.ts";
import type { TokenVault } from "./token-vault.ts";

/** What accepting needs. */
export type AcceptParts = {
  readonly database: Database;
  readonly vault: TokenVault;
  readonly clock: Clock;
};

/** Does what needs no transaction: ids, hashes, compression. */
export const prepareRequest = async (request: AcceptRequest, clock: Clock): Promise<PreparedRequest> => ({
  request,
  keyHash: createHash("sha256").update(request.delivery.key).digest("hex"),
  deliveryId: newId(clock.now()),
  runId: newId(clock.now()),
  body: await encodeBody(request.delivery.body),
});

/** A compressed body was handed over to the database; when its batch failed, it is made again. */
const withBody = async (prepared: PreparedRequest): Promise<PreparedRequest> =>
  prepared.body.bytes.buffer instanceof ArrayBuffer && prepared.body.bytes.buffer.detached
    ? { ...prepared, body: await encodeBody(prepared.request.delivery.body) }
    : prepared;

/** Stores a batch of deliveries with all that follows from them, in one transaction. */
export const acceptBatch = async (
  parts: AcceptParts,
  asked: readonly PreparedRequest[],
): Promise<readonly ItemResult<AcceptOutcome>[]> => {
  const batch = await Promise.all(asked.map(withBody));
  return decideAndWrite(parts.database, async (tx) => {
    const mergeRequests = [...new Set(batch.flatMap(({ request }) => mergeRequestOf(request) ?? []))];
    const known = await tx.db
      .selectFrom("deliveries")
      .select(["id", "keyHash"])
      .where(
        "keyHash",
        "in",
        batch.map((prepared) => prepared.keyHash),
      )
      .execute();
    const plan = planAccept(batch, {
      known: new Map(known.map(({ keyHash, id }) => [keyHash, id])),
      states: await readMergeRequests(tx, mergeRequests),
    });
    return {
      result: plan.results,
      statements: acceptStatements(parts, tx, plan),
      wakesWorkers: plan.runs.length > 0 || plan.cancelRequests.length > 0,
    };
  });
};

/** Of two that change the same runs, in the same order: neither waits for the other while the other waits for it. */
const byId = (one: string, other: string): number => (one < other ? -1 : 1);

const acceptStatements = (parts: AcceptParts, tx: Sql, plan: AcceptPlan): readonly CompiledQuery[] => {
  const nowMs = parts.clock.now();
  const ended = plan.ended.toSorted((one, other) => byId(one.run.id, other.run.id));
  const stopping = plan.cancelRequests.toSorted((one, other) => byId(one.runId, other.runId));
  return [
    // A run that was claimed meanwhile is no longer ended but asked to stop.
    ...ended.flatMap(({ run }) => assertHolds(tx, run.id, IS_WAITING)),
    ...endingStatements(
      tx,
      ended.map(({ run, state, reason }) => ({ id: run.id, state, reason })),
      nowMs,
    ),
    ...stopping.flatMap(({ runId, reason }) => [
      // One that waits again meanwhile is no longer asked to stop but ended.
      ...assertHolds(tx, runId, IS_NOT_WAITING),
      tx.db.updateTable("runs").set(cancelColumns(reason)).where("id", "=", runId).compile(),
    ]),
    ...insertDeliveries(tx, plan),
    ...[...plan.repeats].map(([deliveryId, count]) =>
      tx.db
        .updateTable("deliveries")
        .set((eb) => ({ repeats: eb("repeats", "+", count) }))
        .where("id", "=", deliveryId)
        .compile(),
    ),
    ...insertRuns(parts, tx, plan, nowMs),
    ...insertJoined(tx, plan),
  ];
};

/** Statements that have runs know of events that are needless because of them; a run that is over is joined by none. */
const insertJoined = (tx: Sql, plan: AcceptPlan): readonly CompiledQuery[] => {
  if (plan.joined.length === 0) return [];
  const isNew = new Set(plan.runs.map(({ prepared }) => prepared.runId));
  const stored = plan.joined.map(({ runId }) => runId).filter((runId) => !isNew.has(runId));
  const rows = plan.joined.map(({ runId, deliveryId, trigger, event }) => ({
    runId,
    key: storableText(`${JOINED_PREFIX}${deliveryId}`),
    value: JSON.stringify({ trigger, event }),
  }));
  return [
    ...[...new Set(stored)].toSorted(byId).flatMap((runId) => assertHolds(tx, runId, IS_UNDER_WAY)),
    tx.db.insertInto("steps").values(rows).compile(),
  ];
};

const insertDeliveries = ({ db }: Sql, plan: AcceptPlan): readonly CompiledQuery[] => {
  if (plan.deliveries.length === 0) return [];
  const rows = plan.deliveries.map(({ prepared, decision, runId }) => {
    const { delivery } = prepared.request;
    return {
      id: prepared.deliveryId,
      key: storableText(delivery.key),
      keyHash: prepared.keyHash,
      eventName: storableText(delivery.eventName),
      receivedAt: delivery.receivedAtMs,
      projectId: delivery.project?.id ?? null,
      projectPath: storableTextOrNull(delivery.project?.path ?? null),
      iid: delivery.iid,
      headers: JSON.stringify(delivery.headers),
      decision: decision.kind,
      ...reasonColumns(
        "trigger" in decision ? reasonOf("triggered", { trigger: decision.trigger }) : decision.reason,
      ),
      runId,
    };
  });
  const bodies = plan.deliveries.map(({ prepared }) => ({
    deliveryId: prepared.deliveryId,
    ...prepared.body,
  }));
  return [
    db.insertInto("deliveries").values(rows).compile(),
    db.insertInto("deliveryBodies").values(bodies).compile(),
  ];
};

const runRow = (
  { dialect }: Sql,
  { prepared, run, project, iid, ...planned }: PlannedRun,
  nowMs: number,
) => ({
  id: prepared.runId,
  kind: planned.kind,
  deliveryId: prepared.deliveryId,
  projectId: project.id,
  projectPath: storableText(project.path),
  iid,
  headSha: storableTextOrNull(planned.headSha),
  targetBranch: storableTextOrNull(targetBranchOf(run.event)),
  flow: storableText(run.flow),
  trigger: storableText(planned.trigger),
  event: JSON.stringify(run.event),
  usage: JSON.stringify(NO_USAGE),
  createdAt: nowMs,
  state: planned.ended?.state ?? ("queued" as const),
  ...(planned.ended === null ? NO_REASON : reasonColumns(planned.ended.reason)),
  finishedAt: planned.ended === null ? null : nowMs,
  // A wait counts from now on the database's clock: as a time of ours it would be wrong by the difference.
  dueAt: planned.ended === null && planned.quietMs > 0 ? nowPlus(dialect, planned.quietMs) : 0,
});

const insertRuns = (
  parts: AcceptParts,
  tx: Sql,
  plan: AcceptPlan,
  nowMs: number,
): readonly CompiledQuery[] => {
  if (plan.runs.length === 0) return [];
  const tokens = plan.runs
    .filter((planned) => planned.ended === null)
    .flatMap(({ prepared: { runId }, run }) =>
      run.token === null ? [] : [{ runId, ...parts.vault.seal(runId, run.token) }],
    );
  return [
    tx.db
      .insertInto("runs")
      .values(plan.runs.map((run) => runRow(tx, run, nowMs)))
      .compile(),
    ...(tokens.length === 0 ? [] : [tx.db.insertInto("runTokens").values(tokens).compile()]),
  ];
};
