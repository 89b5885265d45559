import { rulesForPolicy } from "../../src/review/triggers.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createForge } from "../../src/gitlab/forge.ts";
import { createApp } from "../../src/http/app.ts";
import { createClientOf } from "../../src/http/client-of.ts";
import { createIntake } from "../../src/http/intake.ts";
import { startServer } from "../../src/http/server.ts";
import type { Store } from "../../src/store/store.ts";
import type { FindingsFlow } from "../../src/worker/findings/findings-flow.ts";
import { startReviewWorker } from "../../src/worker/review-worker.ts";
import { SECRET } from "./start.ts";
import type { Team } from "./team.ts";

/** A server whose reviews are made by a flow of the test's own, over the whole way from webhook to GitLab. */
export type FindingsServer = AsyncDisposable & { readonly url: string };

/** Starts it for a team, over a store that outlives it; every push is reviewed. */
export const startFindingsServer = async (
  store: Store,
  team: Team,
  flow: FindingsFlow,
): Promise<FindingsServer> => {
  const clock = systemClock;
  const logger = silentLogger;
  await using started = new AsyncDisposableStack();
  const token = new Secret(team.token);
  const client = createGitLabClient({
    url: team.gitlab.url,
    token,
    tokenName: "GITLAB_TOKEN",
    timeoutMs: 10_000,
    clock,
    logger,
  });
  const forge = createForge(client, { clock, logger });
  const worker = await startReviewWorker({
    store,
    clock,
    logger,
    gitlabUrl: team.gitlab.url,
    token,
    createForge: () => forge,
    flows: new Map([[flow.name, flow]]),
    concurrency: 2,
    perProject: 2,
  });
  started.defer(() => worker.stop(1_000));
  const intake = createIntake({
    verify: {
      secrets: [{ secret: new Secret(SECRET), projects: null }],
      signingTokens: [],
      tokenPassThrough: false,
    },
    tokens: {
      prove: async () => ({ kind: "refused", code: "token-wrong", message: "" }),
      isKnown: () => false,
      isHeld: () => false,
    },
    route: () => ({ flow: flow.name, rules: rulesForPolicy("every-push") }),
    accept: store.accept,
    clock,
    logger,
  });
  const app = createApp({ intake, clientOf: createClientOf([]), checkReady: store.ping, clock, logger });
  const server = await startServer({ app, host: "127.0.0.1", port: 0 });
  started.defer(() => server.stop(1_000));
  const running = started.move();
  return { url: server.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
