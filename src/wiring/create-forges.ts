import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { createForge } from "../gitlab/forge.ts";
import type { Forge } from "../review/forge.ts";

/**
 * Makes forges by their token. The one of a token that is given again is the same, so that who we are is
 * asked once and not for each review; a token that is gone takes its forge with it.
 */
export const createForges = (
  gitlab: Config["gitlab"],
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): ((token: Secret) => Forge) => {
  const forges = new WeakMap<Secret, Forge>();
  return (token) => {
    const known = forges.get(token);
    if (known !== undefined) return known;
    const client = createGitLabClient({
      url: gitlab.url,
      token,
      tokenName: token === gitlab.token ? "GITLAB_TOKEN" : "the hook's secret token",
      timeoutMs: gitlab.timeoutMs,
      clock,
      logger,
      onCall: (call) => logger.debug(call, "GitLab call"),
    });
    const forge = createForge(client, { clock, logger });
    forges.set(token, forge);
    return forge;
  };
};
