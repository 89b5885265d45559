import { isSameAddress } from "./hook-address.ts";
import type { ProjectHook } from "./schema.ts";

/**
 * What is wanted of one of a hook's secrets. `none`: the configuration has none. `present`: the hook needs
 * one. `renew`: it is set anew, whatever is there. `leave`: it belongs to the project's own people.
 */
export type SecretWish = "none" | "present" | "renew" | "leave";

/** The hook that every project is to have. */
export type WantedHook = {
  readonly url: string;
  readonly verifySsl: boolean;
  readonly secretToken: SecretWish;
  readonly signingToken: SecretWish;
};

/** The switches of a hook of ours. Pushes reach us as updates of merge requests. */
export const WANTED_EVENTS = [
  ["merge_requests_events", true],
  ["note_events", true],
  ["emoji_events", true],
  ["push_events", false],
] as const;

/** One thing about a hook that is not as it should be. */
export type HookDifference =
  | {
      readonly kind: "switch";
      readonly name: (typeof WANTED_EVENTS)[number][0] | "enable_ssl_verification";
      readonly wanted: boolean;
    }
  | { readonly kind: "url"; readonly found: string }
  | { readonly kind: "secret-token"; readonly change: "set" | "renew" }
  | { readonly kind: "signing-token"; readonly change: "set" | "renew" | "remove" }
  | { readonly kind: "disabled"; readonly status: string; readonly until: string | null };

/** One step that brings a project's hooks to what is wanted. */
export type HookStep =
  | { readonly kind: "create" }
  | {
      readonly kind: "fix";
      readonly hook: ProjectHook;
      readonly differences: readonly HookDifference[];
    }
  | { readonly kind: "leave"; readonly hook: ProjectHook }
  | { readonly kind: "remove"; readonly hook: ProjectHook; readonly reason: "duplicate" | "asked" };

/**
 * The steps that leave a project with exactly one hook to the wanted address, as it should be. Hooks to
 * other addresses are not ours and not touched, nor are switches that we have no opinion on. Of several to
 * our address the healthiest stays. Applied twice, the second plan has nothing to do.
 */
export const planHooks = (wanted: WantedHook, existing: readonly ProjectHook[]): readonly HookStep[] => {
  const ours = oursOf(wanted.url, existing)
    .map((hook) => ({ hook, differences: compareHook(wanted, hook) }))
    .toSorted(
      (left, right) =>
        Number(isDisabled(left.hook)) - Number(isDisabled(right.hook)) ||
        left.differences.length - right.differences.length ||
        left.hook.id - right.hook.id,
    );
  const [kept, ...others] = ours;
  if (kept === undefined) return [{ kind: "create" }];
  const step: HookStep =
    kept.differences.length === 0 ? { kind: "leave", hook: kept.hook } : { kind: "fix", ...kept };
  return [step, ...others.map(({ hook }) => ({ kind: "remove", hook, reason: "duplicate" }) as const)];
};

/** The steps that take every hook to the address away. */
export const planRemoval = (url: string, existing: readonly ProjectHook[]): readonly HookStep[] =>
  oursOf(url, existing).map((hook) => ({ kind: "remove", hook, reason: "asked" }));

const oursOf = (url: string, existing: readonly ProjectHook[]): readonly ProjectHook[] =>
  existing.filter((hook) => isSameAddress(hook.url, url));

/** Whether GitLab sends nothing to the hook, for a while or for good. Servers that tell no status have no such rule. */
export const isDisabled = ({ alert_status: status }: ProjectHook): boolean =>
  status === "disabled" || status === "temporarily_disabled";

/**
 * What about a hook differs from what is wanted. What the server does not tell (it may be too old to have
 * it) is no difference.
 */
export const compareHook = (wanted: WantedHook, hook: ProjectHook): readonly HookDifference[] => {
  const differences: HookDifference[] = [];
  // GitLab drops a hook's secrets when its address changes.
  const moved = hook.url !== wanted.url;
  if (moved) differences.push({ kind: "url", found: hook.url });
  const switches = [...WANTED_EVENTS, ["enable_ssl_verification", wanted.verifySsl] as const];
  for (const [name, on] of switches) {
    const found = hook[name];
    if (found !== null && found !== undefined && found !== on)
      differences.push({ kind: "switch", name, wanted: on });
  }
  const secret = changeOf(wanted.secretToken, hook.token_present, moved);
  // A secret token too many harms nothing.
  if (secret !== null && secret !== "remove") differences.push({ kind: "secret-token", change: secret });
  const signing = changeOf(wanted.signingToken, hook.signing_token_present, moved);
  if (signing !== null) differences.push({ kind: "signing-token", change: signing });
  if (isDisabled(hook)) {
    const { alert_status: status, disabled_until: until } = hook;
    differences.push({ kind: "disabled", status: status ?? "", until: until ?? null });
  }
  return differences;
};

const changeOf = (
  wish: SecretWish,
  present: boolean | null | undefined,
  moved: boolean,
): "set" | "renew" | "remove" | null => {
  switch (wish) {
    case "leave":
      return null;
    case "none":
      // A signature that we cannot check makes us refuse the delivery.
      return present === true ? "remove" : null;
    case "renew":
      return present === false ? "set" : "renew";
    case "present":
      return present === false || moved ? "set" : null;
  }
};
