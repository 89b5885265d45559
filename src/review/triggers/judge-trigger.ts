import { cancelOrIgnore, type Decision, decideHead, ENDED_REASONS } from "../decide.ts";
import type { DeliveryEvent, MergeRequestEvent, NoteEvent } from "../delivery-event.ts";
import { type FilterFacts, judgeFilters } from "./filters.ts";
import { type FoundTrigger, findTriggers } from "./find-triggers.ts";
import { judgeEmoji } from "./judge-emoji.ts";
import { judgeNote, toReviewEvent } from "./judge-note.ts";
import type { TriggerDecision, TriggerHistory } from "./trigger-decision.ts";
import { REQUESTS, type Trigger, type TriggerRules } from "./trigger-rules.ts";

const ignore = (reason: string): Decision => ({ kind: "ignore", reason });

/**
 * Decides what a delivery is worth under a project's rules. Pure and never throws. What is ignored has
 * its reason: a stable code, a colon, and a sentence that names what happened and what keeps it away.
 */
export const judgeTrigger = (
  event: DeliveryEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): TriggerDecision => {
  switch (event.kind) {
    case "merge_request":
      return judgeMergeRequest(event, rules, history);
    case "note":
      return judgeNote(event, rules, history);
    case "emoji":
      return judgeEmoji(event, rules);
    case "other":
      return ignore(`event-not-reviewed: events of the kind ${event.name} start nothing here`);
    default:
      return event satisfies never;
  }
};

/** Decides what became of a merge request is worth: a review, the end of one, or nothing. */
export const judgeMergeRequest = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): Decision => {
  if (event.action === "close" || event.state === "closed")
    return cancelOrIgnore(history, ENDED_REASONS.closed);
  if (event.action === "merge" || event.state === "merged")
    return cancelOrIgnore(history, ENDED_REASONS.merged);
  if (event.state !== "opened")
    return ignore(`state-not-reviewed: a merge request in the state ${event.state} is not reviewed`);
  const triggers = findTriggers(event, rules);
  const pulled = triggers.find(({ off }) => off === null);
  if (pulled === undefined) return ignore(triggers[0]?.off ?? describeNothing(event));
  const kept =
    judgeDraft(pulled.trigger, event.draft, rules) ??
    judgePause(pulled, history) ??
    judgeFilters(factsOf(event), rules.filters, rules.bots);
  return kept === null ? judgeHead(event, pulled.trigger, rules, history) : ignore(kept);
};

/**
 * Decides about the review that a command asked for, once it is known that its author may give it. Drafts
 * and filters count as for any other request.
 */
export const judgeCommandReview = (
  event: NoteEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): Decision => {
  const reviewed = toReviewEvent(event);
  const kept =
    judgeDraft("command", reviewed.draft, rules) ??
    judgeFilters(factsOf(reviewed), rules.filters, rules.bots);
  return kept === null ? judgeHead(reviewed, "command", rules, history) : ignore(kept);
};

const describeNothing = (event: MergeRequestEvent): string =>
  event.action === "update"
    ? "nothing-to-review: the update brought no new commits and no request for a review"
    : `action-not-reviewed: the action ${event.action ?? "(none)"} starts nothing`;

/** Why a draft is not reviewed; null when it is, and for what is no draft. */
export const judgeDraft = (
  trigger: Trigger,
  draft: boolean,
  { drafts }: Pick<TriggerRules, "drafts">,
): string | null => {
  if (!draft || drafts === "review") return null;
  if (drafts === "never") return "draft: drafts are not reviewed here; mark it as ready first";
  return REQUESTS.has(trigger) ? null : "draft: drafts are reviewed on request only";
};

const judgePause = ({ trigger, what }: FoundTrigger, history: TriggerHistory): string | null =>
  history.paused === true && !REQUESTS.has(trigger)
    ? `paused: ${what}, but reviews of this merge request are paused`
    : null;

/** What an event says of the merge request; the author's name is known when it was the author's doing. */
export const factsOf = (
  event: Pick<MergeRequestEvent, "targetBranch" | "sourceBranch" | "title" | "labels" | "authorId" | "user">,
): FilterFacts => ({
  targetBranch: event.targetBranch,
  sourceBranch: event.sourceBranch,
  title: event.title,
  labels: event.labels,
  author:
    event.authorId === null
      ? null
      : { id: event.authorId, username: event.user.id === event.authorId ? event.user.username : null },
  changedFiles: null,
});

/** A request reviews anew what has had its review, but not what waits for one or is under review. */
const judgeHead = (
  event: MergeRequestEvent,
  trigger: Trigger,
  rules: TriggerRules,
  history: TriggerHistory,
): Decision => {
  const { quietMs } = rules.newCommits;
  const review = {
    kind: "review",
    headSha: event.headSha,
    trigger,
    ...(trigger === "new-commits" && quietMs > 0 ? { quietMs } : {}),
  } as const;
  const decision = REQUESTS.has(trigger)
    ? decideHead(review, "every-push", { ...history, reviewedHeads: [] })
    : decideHead(review, rules.policy, history);
  return decision.kind === "ignore" ? ignore(explain(decision.reason)) : decision;
};

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ["already-queued", "a review of this head waits for its turn"],
  ["already-under-review", "this head is under review"],
  ["head-already-reviewed", "this head has had its review"],
]);

const explain = (reason: string): string => {
  const sentence = SENTENCES.get(reason);
  return sentence === undefined ? reason : `${reason}: ${sentence}`;
};
