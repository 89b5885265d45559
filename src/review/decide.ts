import type { DeliveryEvent, MergeRequestEvent } from "./delivery-event.ts";

/** When a merge request is reviewed: once in its life, or again whenever commits are added. */
export type ReviewPolicy = "once" | "every-push";

/** What has become of earlier runs over one merge request; read in the transaction that decides. */
export type MergeRequestHistory = {
  /** The run that waits for its turn or for its next attempt. */
  readonly queued: { readonly runId: string; readonly headSha: string | null } | null;
  /** The run that is being worked on. */
  readonly active: { readonly runId: string; readonly headSha: string | null } | null;
  /** The heads of the runs that ended in a review, newest first. */
  readonly reviewedHeads: readonly (string | null)[];
  /** Whether somebody paused the reviews of this merge request. */
  readonly paused?: boolean;
};

/** What to do about a delivery. Ids of runs that it touches are found by the store. */
export type Decision =
  /** Queue a run; a queued one gives way to it. */
  | {
      readonly kind: "review";
      readonly headSha: string | null;
      readonly trigger: string;
      /** How long the run waits for a newer head to take its place, in milliseconds; none means not at all. */
      readonly quietMs?: number;
    }
  /** End what is queued or active for the merge request. */
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "ignore"; readonly reason: string };

/**
 * What to do about a note that wants an answer: queue the work for it. It neither ends reviews of its merge
 * request nor is it ended by them; such runs are worked on one after the other, the oldest first.
 */
export type ReplyDecision = {
  readonly kind: "reply";
  /** What is asked for. */
  readonly trigger: string;
};

/** The reasons of decisions about a merge request that has come to its end. */
export const ENDED_REASONS = { closed: "merge-request-closed", merged: "merge-request-merged" } as const;

const ignore = (reason: string): Decision => ({ kind: "ignore", reason });

/**
 * Decides what a delivery is worth, from what it says and from what was already done. Pure: the same
 * arguments always give the same decision, which is what makes a repeated delivery harmless.
 */
export const decide = (
  event: DeliveryEvent,
  policy: ReviewPolicy,
  history: MergeRequestHistory,
): Decision => {
  if (event.kind !== "merge_request")
    return ignore(`event-not-reviewed: ${event.kind === "other" ? event.name : event.kind}`);
  if (event.action === "close" || event.state === "closed")
    return cancelOrIgnore(history, ENDED_REASONS.closed);
  if (event.action === "merge" || event.state === "merged")
    return cancelOrIgnore(history, ENDED_REASONS.merged);
  if (event.state !== "opened") return ignore(`state-not-reviewed: ${event.state}`);
  return decideOpened(event, policy, history);
};

/** Ends what is under way for a merge request that has come to its end. */
export const cancelOrIgnore = (history: MergeRequestHistory, reason: string): Decision =>
  history.queued === null && history.active === null ? ignore(reason) : { kind: "cancel", reason };

const TRIGGERS: ReadonlyMap<string | null, string> = new Map([
  ["open", "opened"],
  ["reopen", "reopened"],
]);

/** Opened merge requests: GitLab says `opened` on every update, so the action and `oldrev` decide. */
const decideOpened = (
  event: MergeRequestEvent,
  policy: ReviewPolicy,
  history: MergeRequestHistory,
): Decision => {
  const newCommits = event.action === "update" && event.oldRev !== null;
  const trigger = newCommits ? "new-commits" : TRIGGERS.get(event.action);
  if (trigger === undefined) return ignore(`action-not-reviewed: ${event.action ?? "none"}`);
  return decideHead({ kind: "review", headSha: event.headSha, trigger }, policy, history);
};

/**
 * Decides by what was already done whether a review is made: a head that waits, is worked on or has had
 * its review is not reviewed again, nor, with the policy `once`, any other head.
 */
export const decideHead = (
  review: Decision & { readonly kind: "review" },
  policy: ReviewPolicy,
  history: MergeRequestHistory,
): Decision => {
  const { headSha } = review;
  if (history.queued !== null) {
    return history.queued.headSha === headSha ? ignore("already-queued") : review;
  }
  if (history.active !== null) {
    if (history.active.headSha === headSha) return ignore("already-under-review");
    return policy === "once" ? ignore("reviewed-once: a review is under way") : review;
  }
  if (history.reviewedHeads.length === 0) return review;
  if (policy === "once") return ignore("reviewed-once: this merge request has had its review");
  return history.reviewedHeads.includes(headSha) ? ignore("head-already-reviewed") : review;
};
