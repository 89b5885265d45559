import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { createForge } from "../gitlab/forge.ts";
import type { OnWorks } from "../base/outside.ts";
import type { Forge } from "../review/forge.ts";
import type { NoteRegistry } from "../review/note-registry.ts";
import { observeForge } from "../telemetry/observe-forge.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { SharedGates } from "./call-gates.ts";

/**
 * Makes forges by their token. The one of a token that is given again is the same, so that who we are is
 * asked once and not for each review; a token that is gone takes its forge with it.
 */
export const createForges = (
  gitlab: Config["gitlab"],
  options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly registry: NoteRegistry;
    readonly telemetry?: Telemetry;
    readonly gates?: Pick<SharedGates, "gitLab">;
    /** Told of every call that GitLab has answered; must not throw. */
    readonly onWorks?: OnWorks;
  },
): ((token: Secret) => Forge) => {
  const { clock, logger, registry, telemetry, gates, onWorks } = options;
  const forges = new WeakMap<Secret, Forge>();
  return (token) => {
    const known = forges.get(token);
    if (known !== undefined) return known;
    const client = createGitLabClient({
      url: gitlab.url,
      token,
      tokenName: token === gitlab.token ? "GITLAB_TOKEN" : "the hook's secret token",
      isOwnToken: token === gitlab.token,
      timeoutMs: gitlab.timeoutMs,
      clock,
      logger,
      ...(gates === undefined ? {} : { gate: gates.gitLab(token) }),
      onCall: (call) => {
        logger.debug(call, "GitLab call");
        telemetry?.gitLabCall(call, token === gitlab.token ? "server" : "delivery");
        if (call.code === null)
          onWorks?.({ kind: "gitlab", name: client.url }, clock.now() - call.durationMs);
      },
    });
    const plain = createForge(client, { clock, logger, registry });
    const forge = telemetry === undefined ? plain : observeForge(plain, { ...telemetry, now: clock.now });
    forges.set(token, forge);
    return forge;
  };
};
