import type { MergeRequestHistory } from "../../review/decide.ts";
import type { MergeRequestEvent } from "../../review/delivery-event.ts";
import type { StaleDecision } from "../../review/triggers/judge-stale.ts";
import type { StaleRules } from "../../review/triggers/trigger-rules.ts";

/** How a project's stale merge requests are looked at. */
export type StaleRoute = Pick<StaleRules, "afterMs" | "untilMs" | "everyMs"> & {
  readonly judge: (event: MergeRequestEvent, history: MergeRequestHistory) => StaleDecision;
};
