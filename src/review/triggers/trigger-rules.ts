import type { EventUser } from "../delivery-event.ts";
import type { CommandRules } from "../commands/may-command.ts";
import type { ReviewPolicy } from "../decide.ts";
import { type BotRules, type Filters, NO_FILTERS } from "./filters.ts";

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

/** The rules under which `judgeTrigger` decides about merge requests as `decide` does. */
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
