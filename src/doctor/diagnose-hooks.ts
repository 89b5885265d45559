import { message } from "../messages/message.ts";
import { describeDifference, describeDisabled } from "../gitlab/hooks/describe-hook-step.ts";
import { looksLikeOurs, showAddress } from "../gitlab/hooks/hook-address.ts";
import {
  compareHook,
  type HookDifference,
  isDisabled,
  planHooks,
  type WantedHook,
} from "../gitlab/hooks/plan-hooks.ts";
import type { ProjectHook } from "../gitlab/hooks/schema.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What is known of a project's hooks. */
export type HooksFacts = {
  readonly path: string;
  readonly hooks: readonly ProjectHook[];
  /** The hook as it should be; its address is null where the operator did not say it. */
  readonly wanted: Omit<WantedHook, "url"> & { readonly url: string | null };
};

/** The hooks that call us: those with our address, or with the path of our webhooks where it is not known. */
export const ourHooks = ({ hooks, wanted: { url, ...rest } }: HooksFacts): readonly ProjectHook[] => {
  if (url === null) return hooks.filter((hook) => looksLikeOurs(hook.url));
  const steps = planHooks({ ...rest, url }, hooks);
  return steps.flatMap((step) => (step.kind === "create" ? [] : [step.hook]));
};

/** Diagnoses whether a project has one hook of ours, with its switches, and whether GitLab still calls it. */
export const diagnoseHooks = (facts: HooksFacts): readonly Diagnosis[] => {
  const { path, wanted } = facts;
  const ours = ourHooks(facts);
  const [first, ...others] = ours;
  const address = wanted.url ?? first?.url ?? null;
  const install = `reviewflow hook install ${path} --yes --url ${address === null ? "https://…" : showAddress(address)}`;
  if (first === undefined) {
    const what =
      wanted.url === null
        ? message("doctor.hook.none-here", { path })
        : message("doctor.hook.none", { path, url: showAddress(wanted.url) });
    return [fail("hook-present", what, message("doctor.hook.none.fix", { command: install }))];
  }
  const twice =
    others.length === 0
      ? []
      : [
          warn(
            "hook-once",
            message("doctor.hook.twice", { path, count: ours.length }),
            wanted.url === null
              ? message("doctor.hook.twice-by-hand.fix")
              : message("doctor.hook.twice.fix", { command: install }),
          ),
        ];
  return [...twice, ...ours.flatMap((hook) => diagnoseHook(facts, hook, install))];
};

const diagnoseHook = (
  { path, wanted }: HooksFacts,
  hook: ProjectHook,
  install: string,
): readonly Diagnosis[] => {
  const differences = compareHook({ ...wanted, url: wanted.url ?? hook.url }, hook).filter(
    ({ kind }) => kind !== "disabled",
  );
  const what = message("doctor.hook.settings", {
    hook: hook.id,
    path,
    differences: differences.map(describeDifference),
  });
  const settings =
    differences.length === 0
      ? ok("hook-settings", message("doctor.hook.settings.ok", { hook: hook.id, path }))
      : (differences.some(isBreaking) ? fail : warn)(
          "hook-settings",
          what,
          message("doctor.hook.settings.fix", { command: install }),
        );
  return [settings, diagnoseAlert(path, hook, install)];
};

/** Whether deliveries do not come, or are refused. The rest works without what it lacks. */
const isBreaking = (difference: HookDifference): boolean =>
  difference.kind === "secret-token" ||
  difference.kind === "signing-token" ||
  (difference.kind === "switch" && difference.name === "merge_requests_events");

const diagnoseAlert = (path: string, hook: ProjectHook, install: string): Diagnosis => {
  if (!isDisabled(hook)) return ok("hook-alert", message("doctor.hook.alert.ok", { hook: hook.id, path }));
  const disabled = describeDisabled(hook.alert_status ?? "", hook.disabled_until ?? null);
  return fail(
    "hook-alert",
    message("doctor.hook.settings", { hook: hook.id, path, differences: disabled }),
    message("doctor.hook.alert.fix", { command: install, resend: `reviewflow doctor ${path} --resend` }),
  );
};
