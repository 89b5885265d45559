import { type Reason, reasonOf } from "../base/reason.ts";
import { isMentioned } from "./commands/is-mentioned.ts";
import type { Command } from "./commands/command.ts";
import { parseCommand } from "./commands/parse-command.ts";
import type {
  DeliveryEvent,
  EmojiEvent,
  EventProject,
  MergeRequestEvent,
  NoteEvent,
  OtherEvent,
} from "./delivery-event.ts";
import { type ConfirmedMergeRequest, confirmEvent } from "./confirm-event.ts";
import { type FilterFacts, filterMergeRequest, isBotUser } from "./filters.ts";
import { type Outcome, thumbOf } from "./lessons/outcome.ts";
import { parseMarked } from "./plan/marker.ts";
import {
  findTriggers,
  isTriggerOn,
  REQUESTS,
  type ReviewPolicy,
  type Trigger,
  type TriggerRules,
  TRIGGERS,
} from "./triggers.ts";

/** What happened to earlier runs over one merge request; read in the transaction that decides. */
export type MergeRequestHistory = {
  /** The run that waits to be claimed, for the first time or for its next attempt. */
  readonly queued: { readonly runId: string; readonly headSha: string | null } | null;
  /** The run that is being worked on. */
  readonly active: { readonly runId: string; readonly headSha: string | null } | null;
  /** The heads of the runs that ended in a review, newest first. */
  readonly reviewedHeads: readonly (string | null)[];
  /**
   * The branches that runs over a head aimed at, by the head: what was done counts for them alone. A head that is
   * not in it counts whatever the branch.
   */
  readonly targets?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether somebody paused the reviews of this merge request. */
  readonly paused?: boolean;
};

/** A merge request without any run, for events that no run speaks for or against. */
export const NO_HISTORY: MergeRequestHistory = { queued: null, active: null, reviewedHeads: [] };

/** What is decided about: whatever a webhook delivered, a command found out, or reconciling found. */
export type ReviewEvent =
  | DeliveryEvent
  /** The command `review` in a note, whose author may give it. */
  | { readonly kind: "review_command"; readonly note: NoteEvent }
  /** A head that the forge lists, with an event that can have led to it. */
  | { readonly kind: "listed"; readonly event: MergeRequestEvent }
  /** A merge request in which nothing has happened for long. */
  | { readonly kind: "stale"; readonly event: MergeRequestEvent };

/** What a note wants: what its command says, or an answer to a mention or in one of our threads. */
export type NoteIntent =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "mention" | "thread" };

/** The name of an intent, for triggers and pages. */
export const intentName = (intent: NoteIntent): string =>
  intent.kind === "command" ? intent.command.name : intent.kind;

type Ignore = {
  readonly kind: "ignore";
  readonly reason: Reason;
  /** The trigger that the run which makes this one needless is made for, too, should its own not hold. */
  readonly joins?: string;
};

/** A decision that the store carries out. It finds the ids of the runs that it touches by itself. */
export type RunDecision =
  /** Queue a run; a queued one gives way to it. */
  | {
      readonly kind: "review";
      readonly headSha: string | null;
      readonly trigger: string;
      /** How long the run waits for a newer head to take its place, in milliseconds; none means not at all. */
      readonly quietMs?: number;
      /** What is done about a stale merge request: its head is reviewed, or people are reminded of our threads. */
      readonly stale?: "review" | "remind";
    }
  /**
   * Queue the answer to a note. It neither ends reviews of its merge request nor is it ended by them; such
   * runs are worked on one after the other, the oldest first.
   */
  | { readonly kind: "reply"; readonly trigger: string; readonly intent: NoteIntent }
  /** End what is queued or active for the merge request. */
  | { readonly kind: "cancel"; readonly reason: Reason }
  | Ignore;

/** Somebody's opinion of a finding; `given` is false when it was taken back. */
export type Thumb = { readonly kind: "thumb"; readonly outcome: Outcome; readonly given: boolean };

/** What an emoji is worth: a run that asks the forge for the thumb and keeps it, or nothing. */
export type EmojiDecision =
  | { readonly kind: "reply"; readonly trigger: string; readonly intent: Thumb }
  | Ignore;

/** What an event is worth. */
export type Decision = RunDecision | EmojiDecision;

/** A project's rules; null where no flow reviews it. */
type Rules = TriggerRules | null;

/** The codes of decisions about a merge request that has come to its end. */
export const ENDED_CODES = ["merge-request-closed", "merge-request-merged"] as const;

const ignore = (reason: Reason): Ignore => ({ kind: "ignore", reason });

const join = (trigger: string, reason: Reason): Ignore => ({ kind: "ignore", reason, joins: trigger });

/**
 * Decides what an event is worth, from what it says, a project's rules and what was already done. Pure and
 * never throws: the same arguments always give the same decision, which is what makes a repeated delivery
 * harmless. Who may give a command, and whether a note stands in a thread of ours, is found out when its run
 * is worked on: that takes questions to the forge.
 */
export function decide(event: EmojiEvent, rules: Rules, history: MergeRequestHistory): EmojiDecision;
export function decide(
  event: Exclude<ReviewEvent, EmojiEvent>,
  rules: Rules,
  history: MergeRequestHistory,
): RunDecision;
export function decide(event: ReviewEvent, rules: Rules, history: MergeRequestHistory): Decision;
export function decide(event: ReviewEvent, rules: Rules, past: MergeRequestHistory): Decision {
  if (event.kind === "other") return ignore(reasonOf("event-not-reviewed", { event: event.name }));
  if (rules === null) return ignore(reasonOf("project-not-configured", { project: projectOf(event).path }));
  const history = againstTarget(event, past);
  switch (event.kind) {
    case "merge_request":
      return decideMergeRequest(event, rules, history);
    case "note":
      return decideNote(event, rules);
    case "emoji":
      return decideEmoji(event, rules);
    case "review_command":
      return decideCommand(event.note, rules, history);
    case "listed":
      return decideListed(event.event, rules, history);
    case "stale":
      return decideStale(event.event, rules, history);
    default:
      return event satisfies never;
  }
}

/**
 * Decides about an event whose sender may not speak for its project: a run may wait for the proof, but nothing
 * that is queued or under way is ended before. Reconciling finds what was missed so.
 */
export const decideUnproven = (
  event: DeliveryEvent,
  rules: Rules,
  history: MergeRequestHistory,
): Decision => {
  const decision = decide(event, rules, history);
  if (event.project === null || decision.kind === "ignore" || decision.kind === "reply") return decision;
  if (decision.kind === "review" && history.queued === null && history.active === null) return decision;
  return ignore(reasonOf("project-unproven", { project: event.project.path, id: event.project.id }));
};

const projectOf = (event: Exclude<ReviewEvent, OtherEvent>): EventProject => {
  if (event.kind === "review_command") return event.note.project;
  return event.kind === "listed" || event.kind === "stale" ? event.event.project : event.project;
};

const decideMergeRequest = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: MergeRequestHistory,
): RunDecision => {
  if (event.action === "close" || event.state === "closed")
    return cancelOrIgnore(history, reasonOf("merge-request-closed"));
  if (event.action === "merge" || event.state === "merged")
    return cancelOrIgnore(history, reasonOf("merge-request-merged"));
  if (event.state !== "opened") return ignore(reasonOf("state-not-reviewed", { state: event.state }));
  const triggers = findTriggers(event, rules);
  const pulled = triggers.find(({ off }) => off === null);
  if (pulled === undefined) return ignore(triggers[0]?.off ?? reasonOfNothing(event));
  const against =
    reasonOfDraft(pulled.trigger, event.draft, rules) ??
    reasonOfPause(pulled.trigger, history) ??
    filterMergeRequest(factsOf(event), rules.filters, rules.bots);
  return against === null ? decideTrigger(event, pulled.trigger, rules, history) : ignore(against);
};

/**
 * What was done counts for the target branch that it was done against: another one has another diff and may have
 * other rules, whether or not its event was heard (a draft, a pause, a closed merge request, a lost delivery). A run
 * that waits reads the new one.
 */
const againstTarget = (
  event: Exclude<ReviewEvent, OtherEvent>,
  history: MergeRequestHistory,
): MergeRequestHistory => {
  if (event.kind === "emoji" || event.kind === "note") return history;
  const { targetBranch, retargeted } = eventOf(event);
  const counts = (headSha: string | null): boolean =>
    !retargeted && (history.targets?.get(headSha ?? "")?.has(targetBranch) ?? true);
  const { active } = history;
  return {
    ...history,
    active: active !== null && counts(active.headSha) ? active : null,
    reviewedHeads: history.reviewedHeads.filter(counts),
  };
};

const eventOf = (event: Exclude<ReviewEvent, OtherEvent | EmojiEvent | NoteEvent>): MergeRequestEvent => {
  if (event.kind === "review_command") return toMergeRequestEvent(event.note);
  return event.kind === "merge_request" ? event : event.event;
};

/** Ends what is under way for a merge request that has come to its end. */
const cancelOrIgnore = (history: MergeRequestHistory, reason: Reason): RunDecision =>
  history.queued === null && history.active === null ? ignore(reason) : { kind: "cancel", reason };

const reasonOfNothing = ({ action }: MergeRequestEvent): Reason =>
  action === "update"
    ? reasonOf("nothing-to-review")
    : reasonOf("action-not-reviewed", { action: action ?? "none" });

/** Why a draft is not reviewed; null when it is, and for what is no draft. */
const reasonOfDraft = (
  trigger: Trigger,
  draft: boolean,
  { drafts }: Pick<TriggerRules, "drafts">,
): Reason | null =>
  !draft || drafts === "review" || (drafts === "on-request" && REQUESTS.has(trigger))
    ? null
    : reasonOf("draft", { drafts });

const reasonOfPause = (trigger: Trigger, history: MergeRequestHistory): Reason | null =>
  history.paused === true && !REQUESTS.has(trigger) ? reasonOf("paused") : null;

/** What an event says of the merge request; the author's name is known when it was the author's doing. */
const factsOf = (event: MergeRequestEvent): FilterFacts => ({
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

/** A request reviews again what has had its review, but not what waits for one or is under review. */
const decideTrigger = (
  event: MergeRequestEvent,
  trigger: Trigger,
  rules: TriggerRules,
  history: MergeRequestHistory,
): RunDecision => {
  const { quietMs } = rules.newCommits;
  const review = {
    kind: "review",
    headSha: event.headSha,
    trigger,
    ...(trigger === "new-commits" && quietMs > 0 ? { quietMs } : {}),
  } as const;
  return REQUESTS.has(trigger)
    ? decideHead(review, "every-push", { ...history, reviewedHeads: [] })
    : decideHead(review, rules.policy, history);
};

/**
 * Decides by what was already done whether a review is made: a head that waits, is worked on or has had
 * its review is not reviewed again, nor, with the policy `once`, any other head.
 */
const decideHead = (
  review: RunDecision & { readonly kind: "review" },
  policy: ReviewPolicy,
  history: MergeRequestHistory,
): RunDecision => {
  const { headSha, trigger } = review;
  if (history.queued !== null)
    return history.queued.headSha === headSha ? join(trigger, reasonOf("already-queued")) : review;
  if (history.active !== null) {
    if (history.active.headSha === headSha) return join(trigger, reasonOf("already-under-review"));
    return policy === "once" ? ignore(reasonOf("reviewed-once")) : review;
  }
  if (history.reviewedHeads.length === 0) return review;
  if (policy === "once") return ignore(reasonOf("reviewed-once"));
  return history.reviewedHeads.includes(headSha) ? ignore(reasonOf("head-already-reviewed")) : review;
};

/** Drafts and filters count for a command as for any other request. */
const decideCommand = (note: NoteEvent, rules: TriggerRules, history: MergeRequestHistory): RunDecision => {
  const event = toMergeRequestEvent(note);
  const against =
    reasonOfDraft("command", event.draft, rules) ??
    filterMergeRequest(factsOf(event), rules.filters, rules.bots);
  return against === null ? decideTrigger(event, "command", rules, history) : ignore(against);
};

/** What runs for heads that no webhook told of are started by. */
const RECONCILE = "reconcile";

/** A head that had its review, or gets it, was not missed, whatever a request would have had done about it. */
const decideListed = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: MergeRequestHistory,
): RunDecision => {
  const { queued, active, reviewedHeads } = history;
  const { headSha } = event;
  if (queued?.headSha === headSha || active?.headSha === headSha || reviewedHeads.includes(headSha))
    return ignore(reasonOf("head-already-known"));
  const decision = decideMergeRequest(event, rules, history);
  return decision.kind === "review" ? { ...decision, trigger: RECONCILE } : decision;
};

/**
 * Drafts, pauses and filters count for what happens by itself. A head that had its review is not reviewed
 * again: its changes are the same, wherever the target branch has moved meanwhile.
 */
const decideStale = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: MergeRequestHistory,
): RunDecision => {
  if (rules.stale === null) return ignore(reasonOf("trigger-off", { trigger: "stale" }));
  if (event.state !== "opened") return ignore(reasonOf("state-not-reviewed", { state: event.state }));
  if (history.queued !== null || history.active !== null) return ignore(reasonOf("already-queued"));
  const against =
    reasonOfDraft("stale", event.draft, rules) ??
    reasonOfPause("stale", history) ??
    filterMergeRequest(factsOf(event), rules.filters, rules.bots);
  if (against !== null) return ignore(against);
  const run = { kind: "review", headSha: event.headSha, trigger: "stale" } as const;
  const decision = decideHead({ ...run, stale: "review" }, rules.policy, history);
  if (decision.kind === "review") return decision;
  return rules.stale.remind ? { ...run, stale: "remind" } : ignore(reasonOf("head-already-reviewed"));
};

/** Why a run was made: the trigger as the store keeps it, and the event that pulled it. */
export type Cause = { readonly trigger: string; readonly event: MergeRequestEvent };

/** What is known once a run was claimed and its merge request read. */
export type ClaimedRun = {
  /** The run's own, and those that joined it while it waited or was worked on. */
  readonly causes: readonly Cause[];
  readonly mergeRequest: ConfirmedMergeRequest;
  /** Null while the changes were not read. */
  readonly changedFiles: number | null;
  /** How the other runs over the merge request stand. */
  readonly history: MergeRequestHistory;
};

/** A run that somebody at the server started again was wanted, whatever stands against it. */
const BY_HAND = "run-again";

/** Runs that we made ourselves for a reason that was proved then, and that no payload can claim. */
const OUR_OWN = TRIGGERS.filter((trigger) => trigger === "command" || trigger === "stale");

/**
 * Decides again about a claimed run. Whoever may send events can write a payload, so that of its causes only what the
 * merge request itself does not contradict counts; the author's name, the size of the change and the repository's own
 * triggers (`narrowTriggers`) are known only now. One cause that holds is enough: an event that was made up and came
 * first takes nothing from the true one behind it. Why no review is made; null when one is made.
 */
export const decideClaimed = (
  { causes, mergeRequest, changedFiles, history }: ClaimedRun,
  rules: TriggerRules,
): Reason | null => {
  const settled = { ...history, queued: null, active: null };
  const reasons = causes.map(({ trigger, event }): Reason | null => {
    if (trigger === BY_HAND) return null;
    const own = OUR_OWN.find((one) => one === trigger);
    const against =
      own === undefined
        ? reasonOfEvent(confirmEvent(event, mergeRequest, history.targets), rules, settled)
        : isTriggerOn(own, rules)
          ? reasonOfDraft(own, mergeRequest.draft, rules)
          : reasonOf("trigger-off", { trigger: own });
    return against ?? filterMergeRequest({ ...mergeRequest, changedFiles }, rules.filters, rules.bots);
  });
  const [first = reasonOf("nothing-to-review")] = reasons;
  return reasons.includes(null) ? null : first;
};

const reasonOfEvent = (
  event: MergeRequestEvent,
  rules: TriggerRules,
  history: MergeRequestHistory,
): Reason | null => {
  const decision = decide(event, rules, history);
  return "reason" in decision ? decision.reason : null;
};

const decideNote = (event: NoteEvent, rules: TriggerRules): RunDecision => {
  const { self } = rules;
  if (event.system) return ignore(reasonOf("system-note"));
  if (self !== null && event.user.id === self.id) return ignore(reasonOf("own-event"));
  if (isBotUser(event.user, rules.bots)) return ignore(reasonOf("from-a-bot", { user: event.user.username }));
  // Editing a note must not do again what the note has done.
  if (event.action === "update") return ignore(reasonOf("note-edited"));
  if (self === null) return ignore(reasonOf("bot-unknown"));
  if (!rules.command) return ignore(reasonOf("trigger-off", { trigger: "command" }));
  const command = parseCommand(event.text, self.username, { slash: rules.commands.slash });
  if (command !== null) {
    const { state } = event.mergeRequest;
    const isOver = state === "closed" || state === "merged";
    return isOver && !AFTER_THE_END.has(command.name)
      ? ignore(reasonOf("command-after-end", { command: command.name, state }))
      : reply({ kind: "command", command });
  }
  if (isMentioned(event.text, self.username)) return reply({ kind: "mention" });
  return event.discussionId === null || event.standsAlone
    ? ignore(reasonOf("note-not-for-us"))
    : reply({ kind: "thread" });
};

/** Commands that are obeyed when the merge request is closed or merged, too. */
const AFTER_THE_END: ReadonlySet<string> = new Set(["ask", "help"]);

const reply = (intent: NoteIntent): RunDecision => ({
  kind: "reply",
  trigger: `note:${intentName(intent)}`,
  intent,
});

/** The event that a run over the noted merge request is made for. Its user is who wrote the note. */
export const toMergeRequestEvent = (event: NoteEvent): MergeRequestEvent => ({
  ...event.mergeRequest,
  kind: "merge_request",
  project: event.project,
  user: event.user,
  iid: event.iid,
  action: null,
  // GitLab has always said the state; a run is made for open ones.
  state: event.mergeRequest.state === "" ? "opened" : event.mergeRequest.state,
  headSha: event.headSha,
  oldRev: null,
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
  retargeted: false,
});

/**
 * Thumbs on findings of ours are outcomes, everything else is not. The event carries the note (GitLab 16.2 and
 * later), which says whether it is worth a run; there it is decided again with what the forge says (`confirmEmoji`).
 */
const decideEmoji = (event: EmojiEvent, { self, bots }: TriggerRules): EmojiDecision => {
  const { iid, note, user } = event;
  if (iid === null || event.awardableType !== "Note") return ignore(reasonOf("emoji-not-on-note"));
  if (self !== null && user.id === self.id) return ignore(reasonOf("own-event"));
  if (isBotUser(user, bots)) return ignore(reasonOf("from-a-bot", { user: user.username }));
  const thumb = thumbOf(event.emoji);
  if (thumb === null) return ignore(reasonOf("emoji-not-a-thumb", { emoji: event.emoji }));
  if (note === null) return ignore(reasonOf("emoji-note-unknown"));
  if (note.authorId === user.id) return ignore(reasonOf("emoji-on-own-note"));
  const marker = note.ours === false || note.system ? null : parseMarked(note.body);
  if (marker?.kind !== "thread") return ignore(reasonOf("emoji-not-on-finding"));
  const { flow, fingerprint } = marker;
  return {
    kind: "reply",
    trigger: `emoji:${event.emoji}`,
    intent: {
      kind: "thumb",
      given: event.action !== "revoke",
      outcome: { projectId: event.project.id, iid, flow, fingerprint, kind: thumb, userId: user.id },
    },
  };
};
