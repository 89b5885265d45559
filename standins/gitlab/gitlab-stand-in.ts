import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFaultPlan } from "./faults.ts";
import type { FaultKind, FaultMatch, PlannedFault } from "./faults.ts";
import { createApiServer } from "./http-server.ts";
import { createPageShelf } from "./pages.ts";
import type { PageShelf } from "./pages.ts";
import { createPeople } from "./people.ts";
import type { People } from "./people.ts";
import type { LoggedRequest } from "./request-log.ts";
import { awardEmojiRoutes } from "./routes/award-emoji.ts";
import { diffRoutes } from "./routes/diffs.ts";
import { discussionRoutes } from "./routes/discussions.ts";
import { draftNoteRoutes } from "./routes/draft-notes.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { mergeRequestRoutes } from "./routes/merge-requests.ts";
import { noteRoutes } from "./routes/notes.ts";
import { repositoryRoutes } from "./routes/repository.ts";
import { statusRoutes } from "./routes/statuses.ts";
import { systemRoutes } from "./routes/system.ts";
import { createScenario } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import type { Notification, QuickActionRecord } from "./state.ts";
import { createHookDispatcher } from "./webhooks.ts";
import { createWorld } from "./world.ts";
import type { StandInOptions } from "./world.ts";

/** A GitLab on loopback. Ends with `await using` or `close`: the server, its deliveries and its repositories. */
export type GitLabStandIn = AsyncDisposable &
  People &
  Scenario & {
    /** The base address, as GitLab's own `external_url`; the API is below `/api/v4`. */
    readonly url: string;
    /** Every request so far, oldest first. */
    readonly requests: readonly LoggedRequest[];
    readonly clearRequests: () => void;
    /** Plans a fault; see `FaultKind`. */
    readonly fail: (match: FaultMatch, fault: FaultKind) => PlannedFault;
    /** Quick actions that were found in texts, whether they were allowed or not. */
    readonly quickActions: readonly QuickActionRecord[];
    readonly notifications: readonly Notification[];
    /** Moves the stand-in's clock on: token expiry, rate limits, disabled hooks, timestamps. */
    readonly advanceTime: (ms: number) => void;
    /** Shows pages at this address; without any, only the API is there. */
    readonly showPages: PageShelf["show"];
    /** Waits until every webhook delivery under way has ended. */
    readonly settleHooks: () => Promise<void>;
    /** Failures of the stand-in itself; a test expects none. */
    readonly failures: readonly unknown[];
    readonly close: () => Promise<void>;
  };

const ROUTES = [
  ...systemRoutes,
  ...mergeRequestRoutes,
  ...diffRoutes,
  ...repositoryRoutes,
  ...noteRoutes,
  ...discussionRoutes,
  ...draftNoteRoutes,
  ...awardEmojiRoutes,
  ...statusRoutes,
  ...hookRoutes,
];

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Starts a GitLab stand-in on 127.0.0.1, with real git repositories in a temporary folder. */
export const startGitLabStandIn = async (options: StandInOptions = {}): Promise<GitLabStandIn> => {
  const folder = await mkdtemp(join(tmpdir(), "gitlab-stand-in-"));
  const world = createWorld(options);
  const hooks = createHookDispatcher(world);
  const context = { world, hooks };
  const faults = createFaultPlan();
  const requests: LoggedRequest[] = [];
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => void failures.push(error);
  const pages = createPageShelf();
  const server = createApiServer({
    context,
    routes: ROUTES,
    faults,
    log: requests,
    pages: pages.answer,
    onFailure,
  });
  world.url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}${world.relativeRoot}`;
  let closing: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await Promise.all([stop(server), hooks.close()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const close = (): Promise<void> => (closing ??= end());
  return {
    ...createPeople(world),
    ...createScenario(context, folder),
    url: world.url,
    requests,
    clearRequests: () => void requests.splice(0),
    fail: faults.plan,
    quickActions: world.quickActions,
    notifications: world.notifications,
    advanceTime: world.advanceTime,
    showPages: pages.show,
    settleHooks: hooks.settle,
    failures,
    close,
    [Symbol.asyncDispose]: close,
  };
};
