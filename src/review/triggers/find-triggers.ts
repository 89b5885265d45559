import type { MergeRequestEvent } from "../delivery-event.ts";
import type { Trigger, TriggerRules } from "./trigger-rules.ts";

/** A trigger that an event holds, what happened, and why it starts nothing (null when it does). */
export type FoundTrigger = {
  readonly trigger: Trigger;
  /** What happened, as the beginning of a sentence. */
  readonly what: string;
  readonly off: string | null;
};

const found = (trigger: Trigger, what: string, off: string | null): readonly FoundTrigger[] => [
  { trigger, what, off },
];

const unless = (on: boolean, what: string): string | null =>
  on ? null : `trigger-off: ${what}, and reviews for that are turned off`;

/**
 * Everything in an event that may start a review, requests first. GitLab tells several things in one
 * event, such as commits and the end of a draft, and says `opened` as the state on every update.
 */
export const findTriggers = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => [
  ...findRequests(event, rules),
  ...findAutomatic(event, rules),
];

const findRequests = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => {
  const { self } = rules;
  const wanted = rules.labels.map((label) => label.toLowerCase());
  const label = event.labelsAdded.find((title) => wanted.includes(title.toLowerCase()));
  // A review submitted by ourselves changes our own state as a reviewer (GitLab 19.3), and we set labels.
  const own = self !== null && event.user.id === self.id;
  const offByUs = own ? "own-event: this was done by Reviewflow itself" : null;
  const asked = askedOf(event, self?.id ?? null);
  return [
    ...(asked === null ? [] : found("reviewer", asked, offByUs ?? unless(rules.reviewer, asked))),
    ...(label === undefined ? [] : found("label", `the label ${label} was added`, offByUs)),
  ];
};

const askedOf = (event: MergeRequestEvent, selfId: number | null): string | null => {
  if (selfId === null) return null;
  if (event.reviewersAskedAgain.includes(selfId)) return "another review was asked of the bot";
  return event.reviewersAdded.includes(selfId) ? "the bot was made a reviewer" : null;
};

const findAutomatic = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => {
  if (event.action === "open") return happened("opened", "the merge request was opened", rules.opened);
  if (event.action === "reopen")
    return happened("reopened", "the merge request was reopened", rules.reopened);
  if (event.action !== "update") return [];
  return [
    ...(event.becameReady ? happened("ready", "the draft was marked as ready", rules.ready) : []),
    // Only an update with new commits has an `oldrev`.
    ...(event.oldRev === null ? [] : happened("new-commits", "commits were added", rules.newCommits.on)),
  ];
};

const happened = (trigger: Trigger, what: string, on: boolean): readonly FoundTrigger[] =>
  found(trigger, what, unless(on, what));
