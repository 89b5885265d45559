import { type Reason, reasonOf } from "../../base/reason.ts";
import { decide, type MergeRequestHistory, type RunDecision } from "../../review/decide.ts";
import type { StaleTask } from "../../review/stored-event.ts";
import type { ReviewRoute, StaleRules } from "../../review/triggers.ts";
import { type ListedHead, type MissedHead, reasonOfTries } from "./compare-heads.ts";
import { toEvent } from "./possible-events.ts";

/** A listed head, and when it was last looked at because it was stale; null for never. */
export type QuietHead = ListedHead & { readonly lastLookMs: number | null };

/** A head that is to be looked at, and how. */
export type StaleHead = MissedHead & { readonly task: StaleTask };

type Passed = { readonly reason: Reason };

/**
 * Decides whether a merge request is stale and what is done about it. Pure; applied again after its result
 * was carried out it finds nothing for `everyMs`, whoever applies it.
 */
export const findStale = (
  { listed, standing, lastLookMs }: QuietHead,
  { flow, rules }: ReviewRoute,
  nowMs: number,
): StaleHead | Passed => {
  const { headSha, updatedAtMs, project, iid } = listed;
  const { stale } = rules;
  if (stale === null) return { reason: reasonOf("trigger-off", { trigger: "stale" }) };
  if (headSha === null) return { reason: reasonOf("head-missing") };
  if (!isStale(updatedAtMs, stale, nowMs)) return { reason: reasonOf("not-stale") };
  if (lastLookMs !== null && lastLookMs > nowMs - stale.everyMs)
    return { reason: reasonOf("stale-scanned-lately") };
  const tried = reasonOfTries(standing);
  if (tried !== null) return { reason: tried };
  const event = toEvent(listed);
  const decideStale = (history: MergeRequestHistory): RunDecision =>
    decide({ kind: "stale", event }, rules, history);
  const decision = decideStale(standing.history);
  if (decision.kind !== "review" || decision.stale === undefined)
    return { reason: "reason" in decision ? decision.reason : reasonOf("not-stale") };
  const how = decision.stale;
  const decideSame = (history: MergeRequestHistory): RunDecision => {
    const again = decideStale(history);
    return again.kind !== "review" || again.stale === how
      ? again
      : { kind: "ignore", reason: reasonOf("stale-reviewed-meanwhile") };
  };
  return {
    key: `stale:${project.id}!${iid}@${headSha}:after:${lastLookMs ?? "none"}`,
    event,
    flow,
    decide: decideSame,
    task: { how, quietSinceMs: updatedAtMs },
  };
};

const isStale = (updatedAtMs: number, { afterMs, untilMs }: StaleRules, nowMs: number): boolean =>
  updatedAtMs <= nowMs - afterMs && updatedAtMs >= nowMs - untilMs;
