import type { FlowsNeeding } from "../store/outage.ts";
import { settlementOfError } from "../store/settlement-of-error.ts";
import type { Claim, RunningWorker, Settlement, Store } from "../store/store.ts";
import type { ReviewOptions } from "./review-run.ts";

/** How many runs are worked on at once, and with what. */
export type ReviewWorkerOptions = ReviewOptions & {
  readonly store: Store;
  readonly concurrency: number;
  readonly perProject: number;
  /** See WorkOptions. */
  readonly flowsNeeding?: FlowsNeeding;
};

/** Starts taking runs from the store. */
export const startReviewWorker = (options: ReviewWorkerOptions): Promise<RunningWorker> =>
  options.store.work({
    concurrency: options.concurrency,
    perProject: options.perProject,
    ...(options.flowsNeeding === undefined ? {} : { flowsNeeding: options.flowsNeeding }),
    handle: (claim) => handle(claim, options),
  });

const handle = async (claim: Claim, options: ReviewWorkerOptions): Promise<Settlement> => {
  const { run } = claim;
  const logger = options.logger.child({
    runId: run.id,
    project: run.projectPath,
    iid: run.iid,
    attempt: run.attempts,
  });
  const startedAtMs = options.clock.now();
  logger.info({ flow: run.flow, trigger: run.trigger }, "Run started");
  const settlement = await attempt(claim, options);
  const facts = { state: settlement.state, elapsedMs: options.clock.now() - startedAtMs };
  if (settlement.state === "waiting") {
    logger.info({ ...facts, ...settlement.outside, ...settlement.reason }, "Run waits for what is outside");
  } else if (settlement.state === "failed" || settlement.state === "retry") {
    logger.warn({ ...facts, ...settlement.reason }, "Run attempt failed");
  } else {
    logger.info(facts, "Run attempt ended");
  }
  return settlement;
};

const attempt = async (claim: Claim, options: ReviewOptions): Promise<Settlement> => {
  try {
    // What a review needs is loaded by the first one.
    const { reviewRun } = await import("./review-run.ts");
    return await reviewRun(claim, options);
  } catch (error) {
    return settlementOfError(error, claim.signal);
  }
};
