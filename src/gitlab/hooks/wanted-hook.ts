import { isProjectAllowed } from "../../base/project-globs.ts";
import type { Secret } from "../../base/secret.ts";
import { type Message, message } from "../../messages/message.ts";
import type { VerifyOptions } from "../verification.ts";
import type { HookSecrets } from "./apply-hook-step.ts";
import type { SecretWish, WantedHook } from "./plan-hooks.ts";

/** What the hooks of all projects have in common. */
export type HookSettings = Pick<VerifyOptions, "secrets" | "signingTokens" | "tokenPassThrough"> & {
  readonly url: string;
  readonly verifySsl: boolean;
  /** Set secrets anew where there are some; nobody can see whether they are ours. */
  readonly renewSecrets: boolean;
  /** Whether the GitLab at hand has signing tokens (19.0 and newer). */
  readonly hasSigningTokens: boolean;
};

/** The hook for one project with its secrets, or why deliveries of such a hook would be refused. */
export type ProjectWish =
  | { readonly ok: true; readonly wanted: WantedHook; readonly secrets: HookSecrets }
  | { readonly ok: false; readonly problem: Message };

const firstFor = (scoped: HookSettings["secrets"], projectPath: string): Secret | null =>
  scoped.find(({ projects }) => isProjectAllowed(projects, projectPath))?.secret ?? null;

/**
 * The hook that a project is to have: with the first secret and the first signing token that may speak for
 * it. With token pass-through the project's people keep their access token in the hook.
 */
export const wishFor = (projectPath: string, settings: HookSettings): ProjectWish => {
  const secretToken = firstFor(settings.secrets, projectPath);
  const signingToken = settings.hasSigningTokens ? firstFor(settings.signingTokens, projectPath) : null;
  if (secretToken === null && signingToken === null && !settings.tokenPassThrough)
    return { ok: false, problem: whyWithoutSecret(projectPath, settings) };
  const wish = (secret: Secret | null): SecretWish =>
    secret === null ? "none" : settings.renewSecrets ? "renew" : "present";
  return {
    ok: true,
    wanted: {
      url: settings.url,
      verifySsl: settings.verifySsl,
      secretToken: secretToken === null && settings.tokenPassThrough ? "leave" : wish(secretToken),
      signingToken: wish(signingToken),
    },
    secrets: { secretToken, signingToken },
  };
};

const whyWithoutSecret = (projectPath: string, { signingTokens, hasSigningTokens }: HookSettings): Message =>
  firstFor(signingTokens, projectPath) !== null && !hasSigningTokens
    ? message("hook.problem.signing-only")
    : message("hook.problem.no-secret");
