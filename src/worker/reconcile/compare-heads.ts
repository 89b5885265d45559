import { type Reason, reasonOf } from "../../base/reason.ts";
import type { ListedMergeRequest } from "../../review/change-feed.ts";
import { decide, type MergeRequestHistory, type RunDecision } from "../../review/decide.ts";
import type { MergeRequestEvent } from "../../review/delivery-event.ts";
import type { ReviewRoute } from "../../review/triggers.ts";
import type { Standing } from "../../store/reconcile/reconcile-store.ts";
import { possibleEvents } from "./possible-events.ts";

/** A merge request that the forge lists as changed, and what we know of it and its head. */
export type ListedHead = { readonly listed: ListedMergeRequest; readonly standing: Standing };

/** A head that should have had its review. */
export type MissedHead = {
  /** The same for whoever finds the same thing, whenever; another one once the run made for it came to nothing. */
  readonly key: string;
  readonly event: MergeRequestEvent;
  readonly flow: string;
  /** The decision under the lock of the store, which may know more by then. */
  readonly decide: (history: MergeRequestHistory) => RunDecision;
};

/** What a list comes to. */
export type Comparison = {
  readonly missed: readonly MissedHead[];
  readonly passedOver: readonly { readonly listed: ListedMergeRequest; readonly reason: Reason }[];
};

/** How often a head is tried whose reviews fail for reasons that may pass. */
const MOST_TRIES = 3;

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
    const found = findMissed(listed, standing, route(listed.project.path));
    if ("key" in found) missed.set(found.key, found);
    else passedOver.push({ listed, reason: found.reason });
  }
  return { missed: [...missed.values()], passedOver };
};

const findMissed = (
  listed: ListedMergeRequest,
  standing: Standing,
  route: ReviewRoute | null,
): MissedHead | { readonly reason: Reason } => {
  const { headSha } = listed;
  if (headSha === null) return { reason: reasonOf("head-missing") };
  const tried = reasonOfTries(standing);
  if (tried !== null) return { reason: tried };
  let reason = reasonOf("nothing-to-review");
  for (const event of possibleEvents(listed, standing.history)) {
    const decideNow = (history: MergeRequestHistory): RunDecision =>
      decide({ kind: "listed", event }, route?.rules ?? null, history);
    const decision = decideNow(standing.history);
    if (decision.kind === "review" && route !== null)
      return { key: keyOf(event, headSha, standing), event, flow: route.flow, decide: decideNow };
    if ("reason" in decision) ({ reason } = decision);
  }
  return { reason };
};

/** Why a head is not tried again; null when it may be. */
export const reasonOfTries = ({ unreviewed }: Standing): Reason | null => {
  if (unreviewed[0]?.final === true) return reasonOf("head-failed-for-good");
  const failures = unreviewed.filter(({ state }) => state === "failed").length;
  return failures >= MOST_TRIES ? reasonOf("head-failed-repeatedly", { failures }) : null;
};

const keyOf = (
  { project, iid, targetBranch }: MergeRequestEvent,
  headSha: string,
  { unreviewed, history }: Standing,
): string => {
  const [last] = unreviewed;
  const again = last === undefined ? "" : `:after:${last.runId}`;
  const targets = history.targets?.get(headSha);
  // A head that was missed before, against another branch, had this very key.
  const onto = targets === undefined || targets.has(targetBranch) ? "" : `:onto:${targetBranch}`;
  return `reconcile:${project.id}!${iid}@${headSha}${onto}${again}`;
};
