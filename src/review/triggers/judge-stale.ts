import { type Decision, decideHead } from "../decide.ts";
import type { MergeRequestEvent } from "../delivery-event.ts";
import { judgeFilters } from "./filters.ts";
import { factsOf, judgeDraft } from "./judge-trigger.ts";
import type { TriggerHistory } from "./trigger-decision.ts";
import type { TriggerRules } from "./trigger-rules.ts";

/** What becomes of a merge request in which nothing has happened for some time. */
export type StaleDecision =
  /**
   * It is looked at. `review`: its head had no review and gets one. `remind`: it had, and whoever has
   * threads of ours left open is reminded of them.
   */
  | { readonly kind: "look"; readonly how: "review" | "remind"; readonly decision: Decision }
  | { readonly kind: "ignore"; readonly reason: string };

const ignore = (reason: string): StaleDecision => ({ kind: "ignore", reason });

/**
 * Decides about a merge request that is known to be stale. It happens by itself, so that drafts, pauses and
 * filters count as for new commits. A head that had its review is not reviewed again: its changes are the
 * same, wherever the target branch has moved meanwhile.
 */
export const judgeStale = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): StaleDecision => {
  if (rules.stale === null)
    return ignore("trigger-off: nothing has happened for long, and looks at that are turned off");
  if (event.state !== "opened") return ignore(`state-not-reviewed: ${event.state}`);
  if (history.queued !== null || history.active !== null)
    return ignore("already-queued: a review is under way");
  const kept =
    judgeDraft("stale", event.draft, rules) ??
    (history.paused === true ? "paused: reviews of this merge request are paused" : null) ??
    judgeFilters(factsOf(event), rules.filters, rules.bots);
  if (kept !== null) return ignore(kept);
  const look = { kind: "review", headSha: event.headSha, trigger: "stale" } as const;
  const decision = decideHead(look, rules.policy, history);
  if (decision.kind === "review") return { kind: "look", how: "review", decision };
  return rules.stale.remind
    ? { kind: "look", how: "remind", decision: look }
    : ignore("head-already-reviewed: this head has had its review");
};
