import type { FlowConfig } from "../config/config.ts";
import type { EventUser } from "../review/delivery-event.ts";
import type { TriggerRules } from "../review/triggers/trigger-rules.ts";

/** What starts a review of a flow's projects. `self` is who we are at GitLab, null while that is not known. */
export const triggerRulesOf = ({ triggers, review }: FlowConfig, self: EventUser | null): TriggerRules => ({
  ...triggers,
  policy: review,
  self,
});
