/** What operators can be told of; `critical_finding` only where a channel asks for it. */
export const NOTICE_EVENTS = [
  "review_failing",
  "parked",
  "hook_disabled",
  "budget_reached",
  "critical_finding",
] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];
