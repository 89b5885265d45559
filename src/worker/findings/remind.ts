import { type Reason, reasonOf } from "../../base/reason.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { NO_USAGE } from "../../flow/flow-event.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import { ownThreads } from "../../review/plan/marker.ts";
import { renderReminder } from "../../review/plan/render-reminder.ts";
import { isTriggerOn } from "../../review/triggers.ts";
import type { TriggerRules } from "../../review/triggers.ts";
import type { Claim, Settlement } from "../../store/store.ts";
import type { ReviewFlow } from "../review-flow.ts";
import { readTeamSettings } from "./team-settings.ts";

/** What a reminder is made from. */
export type Reminding = {
  readonly claim: Claim;
  readonly flow: ReviewFlow;
  readonly forge: Forge;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The server's rules for the project; null where every run is made. */
  readonly rules: TriggerRules | null;
  readonly quietSinceMs: number;
};

/**
 * Reminds of the threads of ours that are open in a merge request where nothing happens, in one note. Where
 * none is open nothing is said. The note of an earlier attempt is found again by its marker.
 */
export const remindOfThreads = async (
  { claim, flow, forge, clock, logger, rules, quietSinceMs }: Reminding,
  mergeRequest: MergeRequest,
): Promise<Settlement> => {
  const { signal, run } = claim;
  const settings = await readTeamSettings(flow, forge, mergeRequest, { signal, logger });
  if (rules !== null && !isTriggerOn("stale", settings.narrow(rules)))
    return { state: "cancelled", reason: reasonOf("trigger-off", { trigger: "stale" }) };
  const discussions = await forge.fetchDiscussions(mergeRequest.ref, signal);
  const open = ownThreads(discussions, flow.name).filter(
    ({ discussion }) => discussion.resolvable && !discussion.resolved,
  );
  if (open.length === 0) return settle(reasonOf("no-open-threads"), 0);
  const quietMs = clock.now() - quietSinceMs;
  const draft = renderReminder(open, { runId: run.id, language: settings.language, quietMs });
  signal.throwIfAborted();
  await forge.upsertNote(mergeRequest.ref, draft, signal);
  return settle(reasonOf("reminded", { threads: open.length }), open.length);
};

const settle = (reason: Reason, threads: number): Settlement => ({
  state: "succeeded",
  reason,
  result: { kind: "reminder", outcome: reason.code, threads },
  usage: NO_USAGE,
});
