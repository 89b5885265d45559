import { showAddress } from "./hook-address.ts";
import type { HookDifference, HookStep } from "./plan-hooks.ts";

const SWITCH_NAMES = {
  merge_requests_events: "merge request events",
  note_events: "comment events",
  emoji_events: "emoji events",
  push_events: "push events",
  enable_ssl_verification: "SSL verification",
} as const;

const CHANGES = {
  set: "is not set",
  renew: "is set anew",
  remove: "is set, but none is configured",
} as const;

/** A difference as a few words. */
export const describeDifference = (difference: HookDifference): string => {
  switch (difference.kind) {
    case "switch":
      return `${SWITCH_NAMES[difference.name]} ${difference.wanted ? "are off" : "are on"}`.replace(
        "SSL verification are",
        "SSL verification is",
      );
    case "url":
      return `its address is written ${showAddress(difference.found)}`;
    case "secret-token":
      return `the secret token ${CHANGES[difference.change]}`;
    case "signing-token":
      return `the signing token ${CHANGES[difference.change]}`;
    case "disabled":
      return describeDisabled(difference.status, difference.until);
  }
};

/** How GitLab disabled a hook, in its own words. */
export const describeDisabled = (status: string, until: string | null): string =>
  `GitLab has disabled it after failed deliveries (alert_status ${status}${until === null ? "" : `, disabled_until ${until}`})`;

/** A step as one line: what is done and why. */
export const describeHookStep = (step: HookStep, url: string): string => {
  switch (step.kind) {
    case "create":
      return `create  a hook to ${showAddress(url)} for merge requests, comments and emoji`;
    case "mend":
      return `mend    hook ${step.hook.id}: ${step.differences.map(describeDifference).join("; ")}`;
    case "leave":
      return `leave   hook ${step.hook.id}: it is as it should be`;
    case "remove":
      return `remove  hook ${step.hook.id}: ${step.reason === "duplicate" ? "a second hook to the same address" : showAddress(step.hook.url)}`;
  }
};
