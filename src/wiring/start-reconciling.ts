import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { isProjectAllowed } from "../base/project-globs.ts";
import type { Config } from "../config/config.ts";
import { createChangeFeed } from "../gitlab/change-feed.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import type { ReviewRoute } from "../review/triggers.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { SharedGates } from "./call-gates.ts";
import { type Reconciler, startReconciler } from "../worker/reconcile/reconciler.ts";

/** What looking for missed changes shares with the rest of the server. */
export type ReconcilingParts = {
  readonly store: Pick<OpenedStore, "accept" | "reconciliation">;
  readonly routes: (projectPath: string) => ReviewRoute | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, "gitLabCall">;
  readonly gates?: Pick<SharedGates, "gitLab">;
};

/**
 * Starts to look for changes that no webhook told of, as the configuration has it; null where it is turned
 * off, on a server that does not review, or where there is no token of our own: tokens that come with deliveries are not kept.
 */
export const startReconciling = (
  config: Config,
  { store, routes, clock, logger, telemetry, gates }: ReconcilingParts,
): Reconciler | null => {
  const { gitlab, reconcile, server } = config;
  if (!reconcile.enabled || server.role === "web") return null;
  if (gitlab.token === null) {
    logger.info({}, "Missed changes are not looked for: that needs GITLAB_TOKEN");
    return null;
  }
  const client = createGitLabClient({
    url: gitlab.url,
    token: gitlab.token,
    timeoutMs: gitlab.timeoutMs,
    clock,
    logger,
    ...(gates === undefined ? {} : { gate: gates.gitLab(gitlab.token) }),
    onCall: (call) => {
      logger.debug(call, "GitLab call");
      telemetry?.gitLabCall(call, "server");
    },
  });
  return startReconciler({
    feed: createChangeFeed(client),
    store,
    route: (path) => (isProjectAllowed(reconcile.projects, path) ? routes(path) : null),
    everyMs: reconcile.everyMs,
    sinceMs: reconcile.sinceMs,
    clock,
    logger,
  });
};
