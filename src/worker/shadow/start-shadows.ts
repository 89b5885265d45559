import { reasonOf } from "../../base/reason.ts";
import type { Clock } from "../../base/clock.ts";
import { describeError, isUntried } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Forge } from "../../review/forge.ts";
import { RunCancelled } from "../../review/flow-runner.ts";
import type { ShadowClaim, ShadowSettlement, ShadowStore } from "../../store/shadows/shadow-store.ts";
import type { Store } from "../../store/store.ts";
import type { BudgetDesk } from "../budgets/budget-desk.ts";
import { openCandidateBudget } from "../budgets/candidate-budget.ts";
import { guardFlow } from "../budgets/guard-flow.ts";
import { planShadows } from "./plan-shadows.ts";
import { reviewShadow } from "./review-shadow.ts";
import { SHADOW_ATTEMPTS, settleShadowError } from "./settle-shadow-error.ts";
import type { ShadowedFlow } from "./shadowed-flow.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";

/** What shadow reviews are made with. */
export type ShadowsOptions = {
  readonly store: Pick<Store, "queueStatus"> & { readonly shadows: ShadowStore };
  readonly shadowed: readonly ShadowedFlow[];
  /** Reads merge requests; nothing is ever written with it. */
  readonly forge: Forge;
  readonly shelf: SnapshotShelf;
  readonly gitlabUrl: string;
  /** Counts what candidates use and stops them; nothing is counted when it is left out. */
  readonly budget?: BudgetDesk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often is looked for runs to compare, in milliseconds. */
  readonly pollMs?: number;
  /** How long a silent process keeps a shadow run, in milliseconds. */
  readonly leaseMs: number;
};

/** Shadow reviews at work. */
export type RunningShadows = {
  /** Ends what is under way; it goes on where it stood, here or elsewhere. */
  readonly stop: () => Promise<void>;
};

const POLL_MS = 3_000;
/** How long a shadow run lets reviews that people wait for go first. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Compares candidates with their flows in the background, one shadow run at a time in this process and only
 * while no review waits; what has waited for ten minutes is taken all the same.
 */
export const startShadows = (options: ShadowsOptions): RunningShadows => {
  const { shadowed, clock, logger, pollMs = POLL_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    for (let followed = false; shadowed.length > 0 && !signal.aborted;) {
      let isMore = false;
      try {
        if (!followed) for (const { key } of shadowed) await options.store.shadows.follow(key);
        followed = true;
        isMore = await takeOne(options, signal);
      } catch (error) {
        if (!signal.aborted)
          logger.warn({ error: describeError(error) }, "Shadow reviews could not be looked after");
      }
      if (!isMore) await clock.sleep(pollMs, signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort(new Error("Reviewflow stops"));
      await running;
    },
  };
};

/** Plans what is new and works on one shadow run; false when there is none to work on. */
const takeOne = async (options: ShadowsOptions, stopping: AbortSignal): Promise<boolean> => {
  const { store, shadowed, clock } = options;
  for (const one of shadowed) await planShadows(store.shadows, one, clock.now());
  const { queued } = await store.queueStatus();
  const claim = await store.shadows.claim(
    shadowed.map(({ key }) => key),
    { leaseMs: options.leaseMs, plannedBeforeMs: queued === 0 ? null : clock.now() - PATIENCE_MS },
  );
  if (claim === null) return false;
  const found = shadowed.find(
    ({ key }) => key.flow === claim.shadow.flow && key.candidate === claim.shadow.candidate,
  );
  if (found !== undefined) await workOn(options, claim, found, stopping);
  return true;
};

const workOn = async (
  options: ShadowsOptions,
  claim: ShadowClaim,
  { candidate }: ShadowedFlow,
  stopping: AbortSignal,
): Promise<void> => {
  const { shadow } = claim;
  const logger = options.logger.child({
    shadowId: shadow.id,
    runId: shadow.runId,
    flow: shadow.flow,
    candidate: shadow.candidate,
  });
  const lost = new AbortController();
  const done = new AbortController();
  const signal = AbortSignal.any([stopping, lost.signal]);
  const beating = beat(options, claim, lost, done.signal);
  try {
    const settlement =
      shadow.attempts > SHADOW_ATTEMPTS
        ? { state: "failed" as const, reason: reasonOf("shadow-never-ended") }
        : await claim.work(
            () => attempt(options, claim, candidate, signal, logger),
            (error) => lost.abort(error),
          );
    const kept = await claim.settle(settlement);
    logger.info({ state: settlement.state, kept }, "Shadow review ended");
  } finally {
    done.abort();
    await beating;
  }
};

const attempt = async (
  { forge, shelf, gitlabUrl, clock, budget: desk }: ShadowsOptions,
  claim: ShadowClaim,
  candidate: ShadowedFlow["candidate"],
  signal: AbortSignal,
  logger: Logger,
): Promise<ShadowSettlement> => {
  try {
    const parts = { forge, shelf, gitlabUrl, clock, logger, maxAttempts: SHADOW_ATTEMPTS };
    if (desk === undefined) return await reviewShadow(claim, candidate, signal, parts);
    const budget = openCandidateBudget(claim.run, desk);
    // Asked before anything is read: what is put off costs no call to GitLab.
    await budget.ask();
    return await reviewShadow(claim, guardFlow(candidate, budget), signal, parts);
  } catch (error) {
    if (signal.aborted) return { state: "handed-back" };
    const settlement = settleShadowError(claim.shadow, error, clock.now());
    const facts = { reason: describeError(error), next: settlement.state };
    if (isUntried(error)) logger.info(facts, "Shadow review is put off");
    else logger.warn(facts, "Shadow review failed");
    return settlement;
  }
};

/** Keeps the claim; the review is cancelled once it is no longer ours. */
const beat = async (
  { clock, leaseMs }: ShadowsOptions,
  claim: ShadowClaim,
  lost: AbortController,
  done: AbortSignal,
): Promise<void> => {
  for (;;) {
    await clock.sleep(leaseMs / 4, done).catch(() => undefined);
    if (done.aborted) return;
    // A database that does not answer now may do so before the claim has run out.
    const isOurs = await claim.renew().catch(() => true);
    if (!isOurs) lost.abort(new RunCancelled(reasonOf("shadow-decided", { choice: "none" })));
  }
};
