import { type Reason, reasonOf } from "../../base/reason.ts";
import { ReviewResult } from "../../review/review-result.ts";
import { isInShare } from "../../review/shadow/is-in-share.ts";
import type { ShadowStore } from "../../store/shadows/shadow-store.ts";
import type { Run } from "../../store/store.ts";
import { readFlowStep } from "../text-review.ts";
import { REVIEWER_STEP } from "./choose-flow.ts";
import type { ShadowedFlow } from "./shadowed-flow.ts";

/** A comparison that nobody got to within a day is not made: its merge request has moved on. */
const PLANNED_WITHIN_MS = 86_400_000;
const AT_ONCE = 50;

/**
 * Plans the comparisons of the runs that have ended since the last look. It is found out from the runs
 * themselves, so that nothing is lost when a process dies between a run and its comparison.
 */
export const planShadows = async (
  store: ShadowStore,
  shadowed: ShadowedFlow,
  nowMs: number,
): Promise<void> => {
  const { key } = shadowed;
  const standing = await store.standing(key);
  if (standing === null || standing.choice !== null) return;
  const sinceMs = Math.max(standing.sinceMs, nowMs - PLANNED_WITHIN_MS);
  for (const run of await store.listUnplanned(key, { sinceMs, limit: AT_ONCE })) {
    const skip = await whyNot(store, shadowed, run);
    await store.plan({ run, candidate: key.candidate, skip });
  }
};

/** Why a run is not compared; null when it is. */
const whyNot = async (
  store: ShadowStore,
  { key, share, candidate }: ShadowedFlow,
  run: Run,
): Promise<Reason | null> => {
  if (!isInShare(run, key.candidate, share)) return reasonOf("shadow-out-of-share");
  const journal = store.journalOf(run.id);
  if ((await journal.read(REVIEWER_STEP)) === key.candidate) return reasonOf("shadow-own-review");
  if (candidate.contract !== "findings")
    return (await readFlowStep(journal)) === null ? reasonOf("shadow-no-text") : null;
  const result = ReviewResult.safeParse(run.result);
  if (!result.success) return reasonOf("shadow-no-findings");
  // The present flow would pay for a part only, the candidate for the whole.
  if (result.data.counts.remembered > 0 && !(await store.hasSeen(key, run)))
    return reasonOf("shadow-partly-reviewed");
  return null;
};
