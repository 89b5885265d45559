import type { MergeRequestEvent } from "../delivery-event.ts";
import type { MergeRequest } from "../forge.ts";
import { judgeFilters } from "./filters.ts";
import { findTriggers } from "./find-triggers.ts";
import { judgeDraft } from "./judge-trigger.ts";
import { type Trigger, TRIGGERS, type TriggerRules } from "./trigger-rules.ts";

/** What is known once a run was claimed and its merge request read. */
export type FetchedFacts = {
  readonly mergeRequest: Pick<
    MergeRequest,
    "author" | "draft" | "labels" | "sourceBranch" | "targetBranch" | "title"
  >;
  /** Null while the changes were not read. */
  readonly changedFiles: number | null;
};

/**
 * Judges a run again with what its delivery could not say: the author's name, the size of the change and
 * the repository's own triggers (`applyTriggers`). Why no review is made, as a code and a sentence; null
 * when one is made.
 */
export const judgeRun = (
  trigger: Trigger,
  { mergeRequest, changedFiles }: FetchedFacts,
  rules: TriggerRules,
): string | null => {
  if (!isTriggerOn(trigger, rules)) return `trigger-off: reviews by the trigger ${trigger} are turned off`;
  return (
    judgeDraft(trigger, mergeRequest.draft, rules) ??
    judgeFilters({ ...mergeRequest, changedFiles }, rules.filters, rules.bots)
  );
};

/** What a run was made for: its trigger as the store keeps it, and the event that it was made from. */
export type RunCause = { readonly trigger: string; readonly event: MergeRequestEvent };

/** A run that somebody at the server started again was wanted, whatever stands against it. */
const BY_HAND = "run-again";

/**
 * Judges a run by everything that may have started it: an event can hold several triggers, and one that is
 * wanted is enough. A run that was made for no webhook (by the comparison with GitLab's lists) has its
 * triggers in its event alone. As `judgeRun` otherwise.
 */
export const judgeCause = (
  { trigger, event }: RunCause,
  facts: FetchedFacts,
  rules: TriggerRules,
): string | null => {
  if (trigger === BY_HAND) return null;
  const pulled = TRIGGERS.find((one) => one === trigger);
  const held = findTriggers(event, rules);
  const wanted = held.flatMap(({ trigger: one, off }) => (off === null ? [one] : []));
  const causes = new Set(pulled === undefined ? wanted : [pulled, ...wanted]);
  const reasons = [...causes].map((cause) => judgeRun(cause, facts, rules));
  const [first = held[0]?.off ?? "trigger-off: nothing that starts a review here has happened"] = reasons;
  return reasons.includes(null) ? null : first;
};

/** Whether reviews by a trigger are turned on. */
export const isTriggerOn = (trigger: Trigger, rules: TriggerRules): boolean => {
  switch (trigger) {
    case "new-commits":
      return rules.newCommits.on;
    case "label":
      return rules.labels.length > 0;
    case "stale":
      return rules.stale !== null;
    default:
      return rules[trigger];
  }
};
