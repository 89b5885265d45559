import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { encodeBody } from "./body-codec.ts";
import type { Database, Sql } from "./database.ts";
import { endRuns, wakeWorkers } from "./end-runs.ts";
import type { ItemResult } from "./group-commit.ts";
import { insertRows, storableText, storableTextOrNull } from "./insert-rows.ts";
import { NOW } from "./lease.ts";
import { lockMergeRequests } from "./locks.ts";
import { readMergeRequests } from "./merge-request-states.ts";
import {
  type AcceptPlan,
  type PlannedRun,
  type PreparedRequest,
  mergeRequestOf,
  planAccept,
} from "./plan-accept.ts";
import type { AcceptOutcome, AcceptRequest } from "./store.ts";
import type { TokenVault } from "./token-vault.ts";

/** What accepting needs. */
export type AcceptParts = {
  readonly database: Database;
  readonly vault: TokenVault;
  readonly clock: Clock;
};

const Known = z.object({ id: z.string(), key_hash: z.string() });

/** Does what needs no transaction: ids, hashes, compression. */
export const prepareRequest = async (request: AcceptRequest, clock: Clock): Promise<PreparedRequest> => ({
  request,
  keyHash: createHash("sha256").update(request.delivery.key).digest("hex"),
  deliveryId: newId(clock.now()),
  runId: newId(clock.now()),
  body: await encodeBody(request.delivery.body),
});

/** Stores a batch of deliveries with all that follows from them, in one transaction. */
export const acceptBatch = async (
  parts: AcceptParts,
  batch: readonly PreparedRequest[],
): Promise<readonly ItemResult<AcceptOutcome>[]> =>
  parts.database.transaction(async (tx) => {
    const hashes = batch.map((prepared) => prepared.keyHash);
    const mergeRequests = [...new Set(batch.flatMap(({ request }) => mergeRequestOf(request) ?? []))];
    await lockMergeRequests(tx, mergeRequests, hashes);
    const known = await tx.query(
      "SELECT id, key_hash FROM reviewflow.deliveries WHERE key_hash = ANY($1::text[])",
      [hashes],
    );
    const plan = planAccept(batch, {
      known: new Map(
        z
          .array(Known)
          .parse(known)
          .map((row) => [row.key_hash, row.id]),
      ),
      states: await readMergeRequests(tx, mergeRequests),
    });
    await applyPlan(parts, tx, plan);
    return plan.results;
  });

const applyPlan = async (parts: AcceptParts, tx: Sql, plan: AcceptPlan): Promise<void> => {
  const nowMs = parts.clock.now();
  await endRuns(
    tx,
    plan.ended.map(({ run, state, reason }) => ({
      id: run.id,
      state,
      reason,
      reasonCode: null,
    })),
    nowMs,
  );
  for (const { runId, reason } of plan.cancelRequests) {
    await tx.query("UPDATE reviewflow.runs SET cancel_reason = $2 WHERE id = $1", [
      runId,
      storableText(reason),
    ]);
  }
  await insertDeliveries(tx, plan);
  for (const [deliveryId, count] of plan.repeats) {
    await tx.query("UPDATE reviewflow.deliveries SET repeats = repeats + $2 WHERE id = $1", [
      deliveryId,
      count,
    ]);
  }
  await insertRuns(parts, tx, plan, nowMs);
  if (plan.runs.length > 0 || plan.cancelRequests.length > 0) await wakeWorkers(tx);
};

const insertDeliveries = async (tx: Sql, plan: AcceptPlan): Promise<void> => {
  const rows = plan.deliveries.map(({ prepared, decision, runId }) => {
    const { delivery } = prepared.request;
    return {
      id: prepared.deliveryId,
      key: storableText(delivery.key),
      key_hash: prepared.keyHash,
      event_name: storableText(delivery.eventName),
      received_at: delivery.receivedAtMs,
      project_id: delivery.project?.id ?? null,
      project_path: storableTextOrNull(delivery.project?.path ?? null),
      iid: delivery.iid,
      headers: JSON.stringify(delivery.headers),
      decision: decision.kind,
      reason: storableText("trigger" in decision ? decision.trigger : decision.reason),
      run_id: runId,
    };
  });
  await insertRows(tx, "deliveries", rows);
  const bodies = plan.deliveries.map(({ prepared }) => ({
    delivery_id: prepared.deliveryId,
    encoding: prepared.body.encoding,
    bytes: Buffer.from(prepared.body.bytes).toString("base64"),
  }));
  await insertRows(tx, "delivery_bodies", bodies, { bytes: decodeBase64 });
};

/** PGlite writes binary parameters byte by byte: 25 MB take half a minute so, and a second as base64. */
const decodeBase64 = (parameter: string): string => `decode(${parameter}::text, 'base64')`;

const runRow = ({ prepared, run, project, iid, ...planned }: PlannedRun, nowMs: number) => ({
  id: prepared.runId,
  kind: planned.kind,
  delivery_id: prepared.deliveryId,
  project_id: project.id,
  project_path: storableText(project.path),
  iid,
  head_sha: storableTextOrNull(planned.headSha),
  flow: storableText(run.flow),
  trigger: storableText(planned.trigger),
  event: JSON.stringify(run.event),
  usage: JSON.stringify(NO_USAGE),
  created_at: nowMs,
  state: planned.ended?.state ?? "queued",
  reason: storableTextOrNull(planned.ended?.reason ?? null),
  finished_at: planned.ended === null ? null : nowMs,
  due_at: planned.ended === null ? Math.ceil(planned.quietMs) : 0,
});

/** A wait counts from now on the database's clock: as a time of ours it would be wrong by the difference. */
const dueAfter = (parameter: string): string =>
  `CASE WHEN ${parameter}::bigint > 0 THEN ${NOW} + ${parameter}::bigint ELSE 0 END`;

const insertRuns = async (parts: AcceptParts, tx: Sql, plan: AcceptPlan, nowMs: number): Promise<void> => {
  await insertRows(
    tx,
    "runs",
    plan.runs.map((run) => runRow(run, nowMs)),
    { due_at: dueAfter },
  );
  const live = plan.runs.filter((planned) => planned.ended === null);
  const tokens = live.flatMap(({ prepared: { runId }, run }) => {
    if (run.token === null) return [];
    const { keyId, nonce, ciphertext } = parts.vault.seal(runId, run.token);
    return [{ run_id: runId, key_id: keyId, nonce, ciphertext }];
  });
  await insertRows(tx, "run_tokens", tokens);
};
