import type { FlowUsage } from "../flow/flow-event.ts";
import type { Json } from "../base/json.ts";
import { type CompiledQuery, type SqlBool, sql } from "kysely";
import { type Outside, peerKey } from "../base/outside.ts";
import { causeOf, type Reason, reasonOf, withDetail } from "../base/reason.ts";
import { problemAt } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Database, Sql } from "./database.ts";
import { assertHolds, decideAndWrite } from "./decide-and-write.ts";
import { endingStatements, forgetToken } from "./end-runs.ts";
import { nowPlus } from "./dialect.ts";
import { RELEASED } from "./lease.ts";
import type { FlowsNeeding, OutageChange } from "./outage.ts";
import { noteOutage, type OutageTracker, probedBy, releaseProbe } from "./outages.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { pauseAfter } from "../base/retry.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import { HANDLE_COLUMNS, NO_REASON, readReason, reasonColumns, type RunHandle } from "./run-rows.ts";
import type { MetOutside, SettledState, Settlement } from "./store.ts";

/** What becomes of a run when its worker lets go of it. */
export type SettledRun =
  | {
      readonly kind: "done";
      readonly state: "succeeded" | "partial-succeeded";
      readonly reason: Reason | null;
      readonly result: Json;
      readonly usage: FlowUsage;
    }
  | {
      readonly kind: "end";
      readonly state: "failed" | "cancelled" | "superseded";
      readonly reason: Reason;
      readonly usage: FlowUsage | null;
      /** Whether the reason may pass by itself. */
      readonly transient?: true;
    }
  | {
      readonly kind: "retry";
      readonly reason: Reason;
      readonly delayMs: number;
      /** Whether the attempt counts as one that failed. */
      readonly counts: boolean;
    }
  /** Back into the queue, until something outside works again. */
  | {
      readonly kind: "wait";
      readonly outside: Outside;
      readonly reason: Reason;
      readonly delayMs: number;
    }
  | { readonly kind: "hand-back" };

/** An end whose reason may pass, so that the same head may have its review another time. */
const endForNow = (state: "failed" | "cancelled", reason: Reason): SettledRun => ({
  kind: "end",
  state,
  reason,
  usage: null,
  transient: true,
});

const end = (
  state: "failed" | "cancelled" | "superseded",
  reason: Reason,
  usage: FlowUsage | null = null,
): SettledRun => ({ kind: "end", state, reason, usage });

/** How a claimed run stands when it is settled. */
export type Settled = RunHandle & {
  /** For how long it has waited for something outside, in milliseconds of the database's clock. */
  readonly waitedMs: number;
};

/**
 * Decides what a settlement means. A review that was finished counts even when its end had been asked
 * for meanwhile; anything else gives way to a cancellation first and to a newer head second.
 */
export const planSettlement = (
  run: Settled,
  settlement: Settlement,
  isNewerWaiting: boolean,
  policy: RetryPolicy,
  random: number,
): SettledRun => {
  const isDone = settlement.state === "succeeded" || settlement.state === "partial-succeeded";
  const { cancelCode, cancelParams } = run;
  if (cancelCode !== null && !isDone) {
    const state = cancelCode === SUPERSEDED.code && isNewerWaiting ? "superseded" : "cancelled";
    // Its worker may add what the cancel left behind.
    const isSame = settlement.state === "cancelled" && settlement.reason.code === cancelCode;
    return end(state, isSame ? settlement.reason : readReason(cancelCode, cancelParams));
  }
  switch (settlement.state) {
    case "succeeded":
    case "partial-succeeded":
      return { kind: "done", ...settlement };
    case "failed":
      return end("failed", settlement.reason, settlement.usage);
    case "cancelled":
      // Its worker found the merge request closed, which may be reopened.
      return endForNow("cancelled", settlement.reason);
    case "waiting":
      if (isNewerWaiting) return end("superseded", SUPERSEDED);
      return planWait(run, settlement, policy, random);
    case "handed-back":
      return isNewerWaiting ? end("superseded", SUPERSEDED) : { kind: "hand-back" };
    case "retry":
      return planRetry(run, settlement, isNewerWaiting, policy, random);
    default:
      return settlement satisfies never;
  }
};

const planRetry = (
  { failures }: Settled,
  { reason, retryAfterMs, untried }: Settlement & { readonly state: "retry" },
  isNewerWaiting: boolean,
  policy: RetryPolicy,
  random: number,
): SettledRun => {
  const attempt = failures + 1;
  const counts = untried !== true;
  if (counts && attempt >= policy.maxAttempts) return endForNow("failed", reason);
  if (isNewerWaiting) return end("superseded", SUPERSEDED);
  const delayMs = retryAfterMs ?? pauseAfter(attempt, policy, random);
  return { kind: "retry", reason, delayMs: Math.max(0, Math.ceil(delayMs)), counts };
};

/** What only a person can change is waited for however long it takes. */
const planWait = (
  { waitedMs, waits }: Settled,
  { outside, reason, retryAfterMs }: Settlement & { readonly state: "waiting" },
  policy: RetryPolicy,
  random: number,
): SettledRun => {
  const { peer, verdict } = outside;
  if (verdict !== "refused" && waitedMs >= policy.giveUpMs) {
    const hours = Math.round(waitedMs / 3_600_000);
    const given = reasonOf("waited-too-long", { kind: peer.kind, hours });
    return endForNow("failed", withDetail(given, problemAt(peer.name, causeOf(reason))));
  }
  const delayMs = verdict === "refused" ? 0 : (retryAfterMs ?? pauseAfter(waits + 1, policy, random));
  return { kind: "wait", outside, reason, delayMs: Math.max(0, Math.ceil(delayMs)) };
};

/** A claim as far as it must be known to settle it. */
export type ClaimKey = { readonly runId: string; readonly claimId: string };

/** What settling needs. */
export type SettleParts = {
  readonly database: Database;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly outages: Pick<OutageTracker, "isOver" | "refresh">;
  readonly onOutage: (change: OutageChange) => void;
};

/**
 * Leaves a claimed run: its row and its token change together. Returns the state that it is left in; null when the
 * claim is no longer ours, in which case nothing is changed.
 */
export const settleRun = async (
  parts: SettleParts,
  claim: ClaimKey,
  settlement: Settlement,
  flowsNeeding: FlowsNeeding = () => [],
): Promise<SettledState | null> => {
  const { database, policy, clock, outages, onOutage } = parts;
  const done = await decideAndWrite(database, async (sql) => {
    const run = await readClaimed(sql, claim);
    if (run === undefined) return { result: null, statements: [], wakesWorkers: false };
    const settled = planSettlement(run, settlement, await newerWaits(sql, run), policy, Math.random());
    const met = metBy(settlement);
    const noted =
      met === null
        ? { statements: [], news: null }
        : await noteOutage(sql, { run, ...met }, flowsNeeding, policy);
    const isDone = settled.kind === "done";
    const probed = isDone ? await probedBy(sql, run.id) : [];
    const over = probed.filter((peer) => met === null || peerKey(peer) !== peerKey(met.outside.peer));
    const statements = [
      ...assertHolds(sql, run.id, isAsRead(run)),
      ...settlingStatements(sql, run, settled, clock.now()),
      ...noted.statements,
      ...(isDone ? [] : [releaseProbe(sql, run.id, met?.outside.peer ?? null)]),
    ];
    return { result: { state: stateOf(settled), news: noted.news, over }, statements, wakesWorkers: true };
  });
  if (done === null) return null;
  if (done.news !== null) {
    onOutage(done.news);
    await outages.refresh();
  }
  await outages.isOver(done.over);
  return done.state;
};

/** What a run has found out about something outside, whether it waits for it or was finished without. */
const metBy = (settlement: Settlement): MetOutside | null => {
  if (settlement.state === "waiting") return settlement;
  const isDone = settlement.state === "succeeded" || settlement.state === "partial-succeeded";
  return isDone ? (settlement.met ?? null) : null;
};

const readClaimed = async ({ db, dialect }: Sql, claim: ClaimKey) => {
  const run = await db
    .selectFrom("runs")
    .select(HANDLE_COLUMNS)
    .select("flow")
    .select(sql<number>`coalesce(${nowPlus(dialect)} - waiting_since, 0)`.as("waitedMs"))
    .where("id", "=", claim.runId)
    .where("claimId", "=", claim.claimId)
    .where("state", "=", "active")
    .executeTakeFirst();
  return run;
};

/** Whether a run is still held by the same claim, and nobody has asked it to stop meanwhile. */
const isAsRead = ({ claimId, cancelCode }: RunHandle) =>
  sql<SqlBool>`claim_id = ${claimId} AND state = 'active' AND cancel_code IS NOT DISTINCT FROM ${cancelCode}`;

/** Whether another review waits that a review gives way to; replies give way to nothing. */
export const newerWaits = async ({ db }: Sql, { kind, projectId, iid }: RunHandle): Promise<boolean> => {
  if (kind !== "review") return false;
  const newer = await db
    .selectFrom("runs")
    .select("id")
    .where("projectId", "=", projectId)
    .where("iid", "=", iid)
    .where("kind", "=", "review")
    .where("state", "in", ["queued", "retrying"])
    .executeTakeFirst();
  return newer !== undefined;
};

const stateOf = (settled: SettledRun): SettledState => {
  if (settled.kind === "retry") return "retrying";
  return settled.kind === "hand-back" || settled.kind === "wait" ? "queued" : settled.state;
};

const settlingStatements = (
  database: Sql,
  run: RunHandle,
  settled: SettledRun,
  nowMs: number,
): readonly CompiledQuery[] => {
  const ofRun = database.db.updateTable("runs").where("id", "=", run.id);
  switch (settled.kind) {
    case "done":
      return [
        ofRun
          .set({
            state: settled.state,
            ...(settled.reason === null ? NO_REASON : reasonColumns(settled.reason)),
            result: JSON.stringify(settled.result),
            usage: JSON.stringify(settled.usage),
            finishedAt: nowMs,
            dueAt: 0,
            ...RELEASED,
          })
          .compile(),
        forgetToken(database, run.id),
      ];
    case "end":
      return [
        ...(settled.usage === null ? [] : [ofRun.set({ usage: JSON.stringify(settled.usage) }).compile()]),
        ...endingStatements(database, [{ ...settled, id: run.id }], nowMs),
      ];
    case "retry": {
      const counted = settled.counts ? 1 : 0;
      return [
        ofRun
          .set((eb) => ({
            ...waiting(database, "retrying", settled.delayMs),
            ...reasonColumns(settled.reason),
            waitingKind: null,
            waitingName: null,
            waitingSince: null,
            failures: eb("failures", "+", counted),
            attempts: eb("attempts", "-", 1 - counted),
          }))
          .compile(),
      ];
    }
    case "wait":
      return [
        ofRun
          .set((eb) => ({
            ...waiting(database, "queued", settled.delayMs),
            ...reasonColumns(settled.reason),
            waitingKind: settled.outside.peer.kind,
            waitingName: settled.outside.peer.name,
            waitingSince: eb.fn.coalesce("waitingSince", nowPlus(database.dialect)),
            waits: eb("waits", "+", 1),
            attempts: eb("attempts", "-", 1),
          }))
          .compile(),
      ];
    case "hand-back":
      return [
        ofRun
          .set((eb) => ({ ...waiting(database, "queued", null), attempts: eb("attempts", "-", 1) }))
          .compile(),
      ];
    default:
      return settled satisfies never;
  }
};

/** What a run looks like that waits for `delayMs` from now on the database's clock; null for at once. */
export const waiting = ({ dialect }: Sql, state: "queued" | "retrying", delayMs: number | null) => ({
  state,
  dueAt: delayMs === null ? 0 : nowPlus(dialect, delayMs),
  ...RELEASED,
});
