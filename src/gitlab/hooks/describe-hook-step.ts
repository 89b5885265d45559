import { type Message, message } from "../../messages/message.ts";
import { showAddress } from "./hook-address.ts";
import type { HookDifference, HookStep } from "./plan-hooks.ts";

/** A difference as a few words. */
export const describeDifference = (difference: HookDifference): Message => {
  switch (difference.kind) {
    case "switch":
      return message("hook.difference.switch", {
        name: difference.name,
        found: difference.wanted ? "off" : "on",
      });
    case "url":
      return message("hook.difference.url", { url: showAddress(difference.found) });
    case "secret-token":
      return message("hook.difference.token", { kind: "secret", change: difference.change });
    case "signing-token":
      return message("hook.difference.token", { kind: "signing", change: difference.change });
    case "disabled":
      return describeDisabled(difference.status, difference.until);
  }
};

/** How GitLab disabled a hook, in its own words. */
export const describeDisabled = (status: string, until: string | null): Message =>
  until === null
    ? message("hook.difference.disabled", { status })
    : message("hook.difference.disabled-until", { status, until });

/** What a step is about; what is done there, its kind says. */
export const describeHookStep = (step: HookStep, url: string): Message => {
  switch (step.kind) {
    case "create":
      return message("hook.step.create", { url: showAddress(url) });
    case "fix":
      return message("hook.step.fix", {
        hook: step.hook.id,
        differences: step.differences.map(describeDifference),
      });
    case "leave":
      return message("hook.step.leave", { hook: step.hook.id });
    case "remove":
      return step.reason === "duplicate"
        ? message("hook.step.duplicate", { hook: step.hook.id })
        : message("hook.step.remove", { hook: step.hook.id, url: showAddress(step.hook.url) });
  }
};
