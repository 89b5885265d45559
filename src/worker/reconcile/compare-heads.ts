import type { ListedMergeRequest } from "../../review/change-feed.ts";
import type { Decision, MergeRequestHistory } from "../../review/decide.ts";
import type { MergeRequestEvent } from "../../review/delivery-event.ts";
import type { Standing } from "../../store/reconcile/reconcile-store.ts";
import { possibleEvents } from "./possible-events.ts";
import type { StaleRoute } from "./stale-route.ts";

/** How a project's merge requests are reviewed: the same as for a delivery of a webhook. */
export type ReviewRoute = {
  readonly flow: string;
  readonly decide: (event: MergeRequestEvent, history: MergeRequestHistory) => Decision;
  /** How stale merge requests are looked at; null or left out where they are not. */
  readonly stale?: StaleRoute | null;
};

/** A merge request that the forge lists as changed, and what we know of it and its head. */
export type ListedHead = { readonly listed: ListedMergeRequest; readonly standing: Standing };

/** A head that should have had its review. */
export type MissedHead = {
  /** The same for whoever finds the same thing, whenever; another one once the run made for it came to nothing. */
  readonly key: string;
  readonly event: MergeRequestEvent;
  readonly flow: string;
  /** The decision under the lock of the store, which may know more by then. */
  readonly decide: (history: MergeRequestHistory) => Decision;
};

/** What a list comes to. */
export type Comparison = {
  readonly missed: readonly MissedHead[];
  readonly passedOver: readonly { readonly listed: ListedMergeRequest; readonly reason: string }[];
};

/** What runs are told to have been started by. */
export const RECONCILE_TRIGGER = "reconcile";

/** How often a head is tried whose reviews fail for reasons that may pass. */
const MOST_TRIES = 3;

const ignore = (reason: string): Decision & { readonly kind: "ignore" } => ({ kind: "ignore", reason });

/**
 * Compares what is there with what was reviewed. A head is missed when it has had no review and gets none,
 * and an event that can have led to it would have had it reviewed. Pure; applied again after its result was
 * carried out it finds nothing.
 */
export const compareHeads = (
  heads: readonly ListedHead[],
  route: (projectPath: string) => ReviewRoute | null,
): Comparison => {
  const missed = new Map<string, MissedHead>();
  const passedOver: Comparison["passedOver"][number][] = [];
  for (const { listed, standing } of heads) {
    const judged = judgeHead(listed, standing, route(listed.project.path));
    if ("key" in judged) missed.set(judged.key, judged);
    else passedOver.push({ listed, reason: judged.reason });
  }
  return { missed: [...missed.values()], passedOver };
};

const judgeHead = (
  listed: ListedMergeRequest,
  standing: Standing,
  route: ReviewRoute | null,
): MissedHead | (Decision & { readonly kind: "ignore" }) => {
  const { headSha } = listed;
  if (route === null) return ignore(`project-not-configured: no flow names ${listed.project.path}`);
  if (listed.state !== "opened") return ignore(`state-not-reviewed: ${listed.state}`);
  if (headSha === null) return ignore("head-missing: the merge request has no commits");
  const tried = judgeTries(standing);
  if (tried !== null) return ignore(tried);
  const decideAs =
    (event: MergeRequestEvent) =>
    (history: MergeRequestHistory): Decision => {
      if (isKnown(history, headSha)) return ignore("head-already-known");
      const decision = route.decide(event, history);
      return decision.kind === "review" ? { ...decision, trigger: RECONCILE_TRIGGER } : decision;
    };
  let reason = "nothing-to-review";
  for (const event of possibleEvents(listed, standing.history)) {
    const decide = decideAs(event);
    const decision = decide(standing.history);
    if (decision.kind === "review")
      return { key: keyOf(listed, headSha, standing), event, flow: route.flow, decide };
    reason = decision.reason;
  }
  return ignore(reason);
};

/** Whether a head has had its review, or gets it. */
const isKnown = ({ queued, active, reviewedHeads }: MergeRequestHistory, headSha: string): boolean =>
  queued?.headSha === headSha || active?.headSha === headSha || reviewedHeads.includes(headSha);

/** Why a head is not tried again; null when it may be. */
export const judgeTries = ({ unreviewed }: Standing): string | null => {
  if (unreviewed[0]?.final === true) return "head-already-tried: its review failed for good or was cancelled";
  const failures = unreviewed.filter(({ state }) => state === "failed").length;
  return failures >= MOST_TRIES ? `head-already-tried: its review failed ${failures} times` : null;
};

const keyOf = ({ project, iid }: ListedMergeRequest, headSha: string, { unreviewed }: Standing): string => {
  const [last] = unreviewed;
  const again = last === undefined ? "" : `:after:${last.runId}`;
  return `${RECONCILE_TRIGGER}:${project.id}!${iid}@${headSha}${again}`;
};
