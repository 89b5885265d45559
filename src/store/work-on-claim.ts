import type { Clock } from "../base/clock.ts";
import { describeError, StoreError } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import type { Logger } from "../base/logger.ts";
import { pauseAfter, retryBy } from "../base/retry.ts";
import type { TakenRun } from "./claim-runs.ts";
import { workBehindClaim } from "./claimed-writes.ts";
import type { Database } from "./database.ts";
import { createFlowMemory, readOfAllFlows } from "./flow-memory.ts";
import type { HeldClaim } from "./held-claims.ts";
import type { FlowsNeeding, OutageChange } from "./outage.ts";
import type { OutageTracker } from "./outages.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RunEvents } from "./run-events.ts";
import { readOtherRuns } from "./merge-request-states.ts";
import { createRunJournal } from "./run-journal.ts";
import { settleRun } from "./settle.ts";
import { settlementOfError } from "./settlement-of-error.ts";
import type { Claim, SettledState, Settlement, WorkOptions } from "./store.ts";
import { storableText } from "./stored-text.ts";
import type { TokenVault } from "./token-vault.ts";

/** What a worker needs. */
export type WorkerParts = {
  readonly database: Database;
  readonly vault: TokenVault;
  readonly events: RunEvents;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policy: RetryPolicy;
  readonly outages: OutageTracker;
  /** Told of what has gone away or works again; must not throw. */
  readonly onOutage: (change: OutageChange) => void;
  /** For how long a claim is held that is not renewed, in milliseconds. */
  readonly heartbeatMs: number;
  /** How often is looked for work that nobody announced, in milliseconds. */
  readonly pollMs: number;
};

const SETTLE_PAUSES = { baseMs: 50, maxMs: 5_000 };

/** Works on one claim from its handler to its settlement; never rejects. `ended` gives up on a settlement. */
export const workOnClaim = async (
  parts: WorkerParts,
  options: WorkOptions,
  claim: HeldClaim,
  ended: AbortSignal,
): Promise<void> => {
  const settlement = await runHandler(parts, options, claim);
  const state = await settleUntilDone(
    parts,
    claim,
    { settlement, flowsNeeding: options.flowsNeeding },
    ended,
  );
  if (state !== null) options.onSettled?.(claim.taken.run, state);
};

/**
 * The journal of a claimed run, which outlasts a database that is away for as long as the claim is held: what is noted
 * was mostly paid for.
 */
const patientJournal = ({ database, clock }: WorkerParts, taken: TakenRun, signal: AbortSignal): Journal => {
  const journal = createRunJournal(database, taken.run.id, taken.claimId);
  const pauseMs = (error: unknown, failures: number): number | null =>
    isDatabaseAway(error) ? pauseAfter(failures, SETTLE_PAUSES, Math.random()) : null;
  return {
    ...journal,
    write: (key, value) => retryBy(() => journal.write(key, value), { pauseMs, clock, signal }),
  };
};

/** Failures of the database that say nothing against the statement, and pass. */
const isDatabaseAway = (error: unknown): boolean =>
  error instanceof StoreError &&
  (error.outside?.peer.kind === "database" ||
    error.code === "store-conflict" ||
    error.code === "store-restarting");

const toClaim = (parts: WorkerParts, taken: TakenRun, signal: AbortSignal): Claim => ({
  run: taken.run,
  token: taken.sealedToken === null ? null : parts.vault.open(taken.run.id, taken.sealedToken),
  journal: patientJournal(parts, taken, signal),
  history: () => readOtherRuns(parts.database, taken.run),
  reviews: async (change) => {
    await parts.database.db
      .updateTable("runs")
      .set({ headSha: storableText(change.headSha), targetBranch: storableText(change.targetBranch) })
      .where("id", "=", taken.run.id)
      .where("claimId", "=", taken.claimId)
      .where("state", "=", "active")
      .execute();
  },
  memory: createFlowMemory(parts.database, parts.clock, taken),
  remembered: (key) => readOfAllFlows(parts.database, taken.run, key),
  record: (events) => parts.events.append(taken.run.id, events),
  signal,
});

const runHandler = async (
  parts: WorkerParts,
  options: WorkOptions,
  claim: HeldClaim,
): Promise<Settlement> => {
  try {
    claim.abort.signal.throwIfAborted();
    const { run, claimId } = claim.taken;
    return await workBehindClaim({ table: "runs", id: run.id, claimId }, claim.assertHeld, () =>
      options.handle(toClaim(parts, claim.taken, claim.abort.signal)),
    );
  } catch (error) {
    return settlementOfError(error, claim.abort.signal);
  }
};

/**
 * Settles for as long as the database cannot be reached: what was done must not be done again. Null when
 * the run is no longer ours, or was left to the process that takes it up.
 */
const settleUntilDone = async (
  parts: WorkerParts,
  claim: HeldClaim,
  {
    settlement,
    flowsNeeding,
  }: { readonly settlement: Settlement; readonly flowsNeeding: FlowsNeeding | undefined },
  ended: AbortSignal,
): Promise<SettledState | null> => {
  const { run, claimId } = claim.taken;
  const { logger, clock } = parts;
  const settle = async (): Promise<SettledState | null> => {
    const settled = await settleRun(parts, { runId: run.id, claimId }, settlement, flowsNeeding);
    if (settled === null)
      logger.warn({ runId: run.id }, "a run was settled too late: another process has it");
    return settled;
  };
  const pauseMs = (error: unknown, failures: number): number | null => {
    logger.warn({ runId: run.id, error: describeError(error) }, "a run could not be settled yet");
    return ended.aborted ? null : pauseAfter(failures, SETTLE_PAUSES, Math.random());
  };
  return await retryBy(settle, { pauseMs, clock, signal: ended }).catch(() => null);
};
