import type { Decision, MergeRequestHistory } from "../../review/decide.ts";
import type { StaleLook } from "../../review/triggers/stale-look.ts";
import { judgeTries, type ListedHead, type MissedHead, type ReviewRoute } from "./compare-heads.ts";
import { toEvent } from "./possible-events.ts";
import type { StaleRoute } from "./stale-route.ts";

/** A listed head, and when it was last looked at because it was stale; null for never. */
export type QuietHead = ListedHead & { readonly lastLookMs: number | null };

/** A head that is to be looked at, and how. */
export type StaleHead = MissedHead & { readonly look: StaleLook };

type Passed = { readonly reason: string };

/**
 * Decides whether a merge request is stale and what is done about it. Pure; applied again after its result
 * was carried out it finds nothing for `everyMs`, whoever applies it.
 */
export const judgeQuiet = (
  { listed, standing, lastLookMs }: QuietHead,
  { flow, stale = null }: ReviewRoute,
  nowMs: number,
): StaleHead | Passed => {
  const { headSha, updatedAtMs, project, iid } = listed;
  if (stale === null) return { reason: "trigger-off: stale merge requests are not looked at" };
  if (headSha === null) return { reason: "head-missing: the merge request has no commits" };
  if (!isStale(updatedAtMs, stale, nowMs))
    return { reason: "not-stale: something happened lately, or too long ago" };
  if (lastLookMs !== null && lastLookMs > nowMs - stale.everyMs)
    return { reason: "looked-at-lately: this head had its look" };
  const tried = judgeTries(standing);
  if (tried !== null) return { reason: tried };
  const event = toEvent(listed);
  const judged = stale.judge(event, standing.history);
  if (judged.kind === "ignore") return judged;
  const decide = (history: MergeRequestHistory): Decision => {
    const again = stale.judge(event, history);
    if (again.kind === "ignore") return again;
    return again.how === judged.how
      ? again.decision
      : { kind: "ignore", reason: "already-looked-at: the head had its review meanwhile" };
  };
  return {
    key: `stale:${project.id}!${iid}@${headSha}:after:${lastLookMs ?? "none"}`,
    event,
    flow,
    decide,
    look: { how: judged.how, quietSinceMs: updatedAtMs },
  };
};

const isStale = (updatedAtMs: number, { afterMs, untilMs }: StaleRoute, nowMs: number): boolean =>
  updatedAtMs <= nowMs - afterMs && updatedAtMs >= nowMs - untilMs;
