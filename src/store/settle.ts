import type { FlowUsage } from "../flow/flow-event.ts";
import type { Json } from "../base/json.ts";
import { type CompiledQuery, type SqlBool, sql } from "kysely";
import type { Reason } from "../base/reason.ts";
import type { Clock } from "../base/clock.ts";
import type { Database, Sql } from "./database.ts";
import { assertHolds, decideAndWrite } from "./decide-and-write.ts";
import { endingStatements, forgetToken } from "./end-runs.ts";
import { nowPlus } from "./dialect.ts";
import { RELEASED } from "./lease.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { type RetryPolicy, backoffMs } from "./retry-policy.ts";
import { HANDLE_COLUMNS, NO_REASON, readReason, reasonColumns, type RunHandle } from "./run-rows.ts";
import type { SettledState, Settlement } from "./store.ts";

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

/**
 * Decides what a settlement means. A review that was finished counts even when its end had been asked
 * for meanwhile; anything else gives way to a cancellation first and to a newer head second.
 */
export const planSettlement = (
  run: RunHandle,
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
    case "handed-back":
      return isNewerWaiting ? end("superseded", SUPERSEDED) : { kind: "hand-back" };
    case "retry": {
      const { reason, retryAfterMs, untried = false } = settlement;
      const attempt = run.failures + 1;
      if (!untried && attempt >= policy.maxAttempts) return endForNow("failed", reason);
      if (isNewerWaiting) return end("superseded", SUPERSEDED);
      const delayMs = retryAfterMs ?? backoffMs(policy, attempt, random);
      return {
        kind: "retry",
        reason,
        delayMs: Math.max(0, Math.ceil(delayMs)),
        counts: !untried,
      };
    }
    default:
      return settlement satisfies never;
  }
};

/** A claim as far as it must be known to settle it. */
export type ClaimKey = { readonly runId: string; readonly claimId: string };

/** What settling needs. */
export type SettleParts = {
  readonly database: Database;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
};

/**
 * Leaves a claimed run: its row and its token change together. Returns the state that it is left in; null when the
 * claim is no longer ours, in which case nothing is changed.
 */
export const settleRun = (
  { database, policy, clock }: SettleParts,
  claim: ClaimKey,
  settlement: Settlement,
): Promise<SettledState | null> =>
  decideAndWrite(database, async (sql) => {
    const run = await sql.db
      .selectFrom("runs")
      .select(HANDLE_COLUMNS)
      .where("id", "=", claim.runId)
      .where("claimId", "=", claim.claimId)
      .where("state", "=", "active")
      .executeTakeFirst();
    if (run === undefined) return { result: null, statements: [], wakesWorkers: false };
    const settled = planSettlement(run, settlement, await newerWaits(sql, run), policy, Math.random());
    const statements = [
      ...assertHolds(sql, run.id, isAsRead(run)),
      ...settlingStatements(sql, run, settled, clock.now()),
    ];
    return { result: stateOf(settled), statements, wakesWorkers: true };
  });

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
  return settled.kind === "hand-back" ? "queued" : settled.state;
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
            failures: eb("failures", "+", counted),
            attempts: eb("attempts", "-", 1 - counted),
          }))
          .compile(),
      ];
    }
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
