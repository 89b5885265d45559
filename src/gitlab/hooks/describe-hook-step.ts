import { translator } from "../../messages/format-message.ts";
import { FALLBACK } from "../../messages/language.ts";
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

const english = translator(FALLBACK);

/** A step as one line: what is done and why. */
export const describeHookStep = (step: HookStep, url: string): string => {
  switch (step.kind) {
    case "create":
      return `create  a hook to ${showAddress(url)} for merge requests, comments and emoji`;
    case "mend":
      return `mend    hook ${step.hook.id}: ${step.differences.map((one) => describeDifference(one).render(english)).join("; ")}`;
    case "leave":
      return `leave   hook ${step.hook.id}: it is as it should be`;
    case "remove":
      return `remove  hook ${step.hook.id}: ${step.reason === "duplicate" ? "a second hook to the same address" : showAddress(step.hook.url)}`;
  }
};
