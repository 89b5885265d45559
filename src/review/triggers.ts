import { type Reason, reasonOf } from "../base/reason.ts";
import type { CommandRules } from "./commands/may-command.ts";
import type { EventUser, MergeRequestEvent } from "./delivery-event.ts";
import { type BotRules, type Filters, NO_FILTERS } from "./filters.ts";

/** When a merge request is reviewed: once in its life, or again whenever commits are added. */
export type ReviewPolicy = "once" | "every-push";

/**
 * What can start a review. The first four happen by themselves and `stale` is that nothing happens; the
 * others are somebody's request.
 */
export const TRIGGERS = [
  "opened",
  "reopened",
  "new-commits",
  "ready",
  "stale",
  "reviewer",
  "label",
  "command",
] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** The triggers that somebody pulls on purpose: they review anew what has had its review. */
export const REQUESTS: ReadonlySet<Trigger> = new Set<Trigger>(["reviewer", "label", "command"]);

/** What becomes of drafts: reviewed like others, only when somebody asks for it, or not at all. */
export const DRAFT_HANDLING = ["review", "on-request", "never"] as const;
export type DraftHandling = (typeof DRAFT_HANDLING)[number];

/** How merge requests are looked at in which nothing happens. Times are in milliseconds. */
export type StaleRules = {
  /** For how long nothing has to happen. */
  readonly afterMs: number;
  /** What was left alone for longer is given up, so that nobody is reminded for years. */
  readonly untilMs: number;
  /** How often one head is looked at, at most. */
  readonly everyMs: number;
  /** Whether people are reminded of our open threads where the head had its review. */
  readonly remind: boolean;
};

/** When a project's merge requests are reviewed. Times are in milliseconds. */
export type TriggerRules = {
  readonly opened: boolean;
  readonly reopened: boolean;
  /**
   * `quietMs` is how long nothing more may be pushed before the review starts: it folds a burst of pushes
   * into one review.
   */
  readonly newCommits: { readonly on: boolean; readonly quietMs: number };
  /** A draft that was marked as ready. */
  readonly ready: boolean;
  /** Null where nobody looks at stale merge requests. */
  readonly stale: StaleRules | null;
  /** The bot was made a reviewer, or asked for another review. */
  readonly reviewer: boolean;
  /** Titles of labels that ask for a review when they are added; compared without regard to case. */
  readonly labels: readonly string[];
  /** Commands in notes, and answers to them. */
  readonly command: boolean;
  readonly drafts: DraftHandling;
  /** Whether what happens by itself is reviewed once in a merge request's life, or again for each head. */
  readonly policy: ReviewPolicy;
  readonly filters: Filters;
  readonly bots: BotRules;
  readonly commands: CommandRules;
  /** Who we are at GitLab; null while it is not known, then nothing that is addressed to us is heard. */
  readonly self: EventUser | null;
};

/** The flow that reviews a project, and when. */
export type ReviewRoute = { readonly flow: string; readonly rules: TriggerRules };

/** Rules under which every opened, reopened or pushed merge request is reviewed, by a policy alone. */
export const rulesForPolicy = (policy: ReviewPolicy): TriggerRules => ({
  opened: true,
  reopened: true,
  newCommits: { on: true, quietMs: 0 },
  ready: false,
  stale: null,
  reviewer: false,
  labels: [],
  command: false,
  drafts: "review",
  policy,
  filters: NO_FILTERS,
  bots: { ids: [], notIds: [], review: true },
  commands: { least: "developer", per: {}, slash: true },
  self: null,
});

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

/** A trigger that an event holds, and why it starts nothing (null when it does). */
export type FoundTrigger = { readonly trigger: Trigger; readonly off: Reason | null };

const found = (trigger: Trigger, off: Reason | null): readonly FoundTrigger[] => [{ trigger, off }];

const unless = (on: boolean, trigger: Trigger): Reason | null =>
  on ? null : reasonOf("trigger-off", { trigger });

/**
 * Everything in an event that may start a review, requests first. GitLab puts several things into one
 * event, such as commits and the end of a draft, and says `opened` as the state on every update.
 */
export const findTriggers = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => [
  ...findRequests(event, rules),
  ...findAutomatic(event, rules),
];

const findRequests = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => {
  const { self } = rules;
  const wanted = rules.labels.map((label) => label.toLowerCase());
  const isLabelled = event.labelsAdded.some((title) => wanted.includes(title.toLowerCase()));
  const isAsked =
    self !== null && (event.reviewersAskedAgain.includes(self.id) || event.reviewersAdded.includes(self.id));
  // A review submitted by ourselves changes our own state as a reviewer (GitLab 19.3), and we set labels.
  const offByUs = self !== null && event.user.id === self.id ? reasonOf("own-event") : null;
  return [
    ...(isAsked ? found("reviewer", offByUs ?? unless(rules.reviewer, "reviewer")) : []),
    ...(isLabelled ? found("label", offByUs) : []),
  ];
};

const findAutomatic = (event: MergeRequestEvent, rules: TriggerRules): readonly FoundTrigger[] => {
  const happened = (trigger: Trigger, on: boolean) => found(trigger, unless(on, trigger));
  if (event.action === "open") return happened("opened", rules.opened);
  if (event.action === "reopen") return happened("reopened", rules.reopened);
  if (event.action !== "update") return [];
  return [
    // Against another branch a merge request is as good as opened anew.
    ...(event.retargeted ? happened("opened", rules.opened) : []),
    ...(event.becameReady ? happened("ready", rules.ready) : []),
    // Only an update with new commits has an `oldrev`.
    ...(event.oldRev === null ? [] : happened("new-commits", rules.newCommits.on)),
  ];
};
