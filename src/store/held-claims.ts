import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { RunCancelled } from "../review/flow-runner.ts";
import type { TakenRun } from "./claim-runs.ts";
import type { Database } from "./database.ts";
import { leavesTimeToWrite, renewLeases } from "./lease.ts";
import { claimLost } from "./journal-entry.ts";
import { readReason } from "./run-rows.ts";

/** A claim that this process works on. */
export type HeldClaim = {
  readonly taken: TakenRun;
  readonly abort: AbortController;
  /** When the database was last asked whether the claim is ours, and said so, in milliseconds of `performance.now`. */
  confirmedAtMs: number;
  /** Throws StoreError `claim-lost` when somebody else may have the run by now, or soon. */
  readonly assertHeld: () => void;
};

/** The claims of one worker and what can end them from outside. */
export type HeldClaims = {
  /** `askedAtMs`: when the claim was asked for, in milliseconds of `performance.now`. */
  readonly add: (taken: TakenRun, askedAtMs: number) => HeldClaim;
  readonly drop: (claim: HeldClaim) => void;
  readonly all: () => readonly HeldClaim[];
  /**
   * Asks the database which runs are to stop, and aborts them with RunCancelled. Renews what was not renewed in
   * time first: after the machine has slept, nobody else may have taken it.
   */
  readonly checkCancellations: () => Promise<void>;
  /** Renews the claims, and aborts those that somebody else has taken. */
  readonly beat: () => Promise<void>;
};

/** What the claims are watched with. */
export type HeldClaimsOptions = {
  readonly database: Database;
  readonly logger: Logger;
  /** For how long a claim is held that is not renewed. */
  readonly heartbeatMs: number;
};

/** Keeps the claims of one worker. */
export const createHeldClaims = (options: HeldClaimsOptions): HeldClaims => {
  const { database, logger, heartbeatMs } = options;
  const claims = new Set<HeldClaim>();

  const isOver = ({ confirmedAtMs }: HeldClaim): boolean => performance.now() - confirmedAtMs > heartbeatMs;

  const lose = (claim: HeldClaim): void => {
    if (claim.abort.signal.aborted) return;
    logger.warn({ runId: claim.taken.run.id }, "a run was handed over to another process");
    claim.abort.abort(claimLost(claim.taken.run.id));
  };

  const touch = async (): Promise<void> => {
    const held = [...claims];
    const askedAtMs = performance.now();
    const claimIds = [...new Set(held.map(({ taken }) => taken.claimId))];
    const rows = await renewLeases(database, "runs", claimIds, heartbeatMs);
    const ours = new Set(rows.map(({ id, claimId }) => `${id} ${claimId}`));
    for (const claim of held) {
      if (!claims.has(claim)) continue;
      if (ours.has(`${claim.taken.run.id} ${claim.taken.claimId}`)) claim.confirmedAtMs = askedAtMs;
      else lose(claim);
    }
  };

  const beat = async (): Promise<void> => {
    if (claims.size === 0) return;
    try {
      await touch();
    } catch (error) {
      logger.warn({ error: describeError(error) }, "a heartbeat could not be written");
    }
    for (const claim of claims) {
      if (isOver(claim)) lose(claim);
    }
  };

  return {
    add: (taken, askedAtMs) => {
      const claim: HeldClaim = {
        taken,
        abort: new AbortController(),
        confirmedAtMs: askedAtMs,
        assertHeld: () => {
          if (leavesTimeToWrite(database, claim.confirmedAtMs, heartbeatMs)) return;
          lose(claim);
          throw claimLost(taken.run.id);
        },
      };
      claims.add(claim);
      return claim;
    },
    drop: (claim) => void claims.delete(claim),
    all: () => [...claims],
    checkCancellations: async () => {
      if (claims.size === 0) return;
      const oldest = Math.min(...[...claims].map(({ confirmedAtMs }) => confirmedAtMs));
      if (performance.now() - oldest > heartbeatMs / 2) await beat();
      const rows = await database.db
        .selectFrom("runs")
        .select(["id", "claimId", "cancelCode", "cancelParams"])
        .where(
          "claimId",
          "in",
          [...claims].map(({ taken }) => taken.claimId),
        )
        .where("cancelCode", "is not", null)
        .execute();
      for (const { id, claimId, cancelCode, cancelParams } of rows) {
        const claim = [...claims].find(({ taken }) => taken.run.id === id && taken.claimId === claimId);
        if (cancelCode !== null) claim?.abort.abort(new RunCancelled(readReason(cancelCode, cancelParams)));
      }
    },
    beat,
  };
};
