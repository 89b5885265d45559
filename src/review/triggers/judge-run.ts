import type { MergeRequest } from "../forge.ts";
import { judgeFilters } from "./filters.ts";
import { judgeDraft } from "./judge-trigger.ts";
import type { Trigger, TriggerRules } from "./trigger-rules.ts";

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
  if (!isOn(trigger, rules)) return `trigger-off: reviews by the trigger ${trigger} are turned off`;
  return (
    judgeDraft(trigger, mergeRequest.draft, rules) ??
    judgeFilters({ ...mergeRequest, changedFiles }, rules.filters, rules.bots)
  );
};

const isOn = (trigger: Trigger, rules: TriggerRules): boolean => {
  switch (trigger) {
    case "new-commits":
      return rules.newCommits.on;
    case "label":
      return rules.labels.length > 0;
    default:
      return rules[trigger];
  }
};
