import { describeError, inEnglish } from "./base/errors.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import type { Logger } from "./base/logger.ts";
import { type Peer, peerKey } from "./base/outside.ts";
import type { Config } from "./config/config.ts";
import { createProjectPaths } from "./gitlab/project-paths.ts";
import { createTokenProof } from "./gitlab/token-proof.ts";
import { createApp } from "./http/app.ts";
import { createClientOf } from "./http/client-of.ts";
import { createIntake, type Intake } from "./http/intake.ts";
import { createMetricsRoute } from "./http/metrics.ts";
import { startServer } from "./http/server.ts";
import type { ProjectPaths } from "./review/project-paths.ts";
import { openStore, type OpenedStore } from "./store/open-store.ts";
import type { Store } from "./store/store.ts";
import { createTelemetry, type Telemetry } from "./telemetry/telemetry.ts";
import { createSharedGates } from "./wiring/call-gates.ts";
import { checkFlows } from "./wiring/check-flows.ts";
import { createConfiguredBreakers } from "./wiring/create-breakers.ts";
import { createConfiguredNotifications } from "./wiring/create-notifications.ts";
import { createBudgets } from "./wiring/create-budgets.ts";
import { createConfiguredLessons } from "./wiring/create-lessons.ts";
import { createFlows } from "./wiring/create-flows.ts";
import { createForges } from "./wiring/create-forges.ts";
import { observeDeliveries } from "./wiring/observe-deliveries.ts";
import { observeStore } from "./wiring/observe-store.ts";
import { openRunners, type Runners } from "./wiring/open-runners.ts";
import { createShadows } from "./wiring/create-shadows.ts";
import { createIdentity } from "./wiring/identity.ts";
import { createPagesOnRequest } from "./wiring/pages-on-request.ts";
import { roleOf } from "./wiring/role.ts";
import { createProjectRoutes } from "./wiring/route-projects.ts";
import { startReconciling } from "./wiring/start-reconciling.ts";
import { startConfiguredFollowUp, startConfiguredWorker } from "./wiring/start-worker.ts";

/** A running Reviewflow. Disposing of it stops it in order: intake, worker, store. */
export type Reviewflow = AsyncDisposable & {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly store: Store;
  /** What runs its flows. */
  readonly runners: Runners;
  /** Resolves when it can no longer work and is to be stopped; see OpenedStore. */
  readonly outdated: Promise<Error>;
};

/** What is not configuration. */
export type StartOptions = {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** How often it is looked for what merge requests and operators are to be told of, in milliseconds. */
  readonly lookEveryMs?: number;
};

const LOOK_EVERY_MS = 15_000;

/**
 * Starts everything that the configuration asks for: store, flows, worker and intake, in this order,
 * so that no delivery is taken that could not be kept. Throws a ConfigError that names what to change,
 * or a StoreError; whatever had been started by then is stopped.
 */
export const startReviewflow = async (config: Config, options: StartOptions): Promise<Reviewflow> => {
  const { logger, clock = systemClock, lookEveryMs: everyMs = LOOK_EVERY_MS } = options;
  const role = roleOf(config);
  for (const notice of config.notices) logger.warn({ notice: inEnglish(notice) }, "A setting was left open");
  await using started = new AsyncDisposableStack();
  const telemetry = await createTelemetry({ ...config.telemetry, now: clock.now, logger });
  started.defer(telemetry.stop);
  const gates = createSharedGates(config);
  const breakers = createConfiguredBreakers(config, { clock, logger, telemetry });
  const runners = started.use(
    await openRunners(config, {
      logger,
      clock,
      gates,
      breakers,
      onModelCall: (call) => {
        telemetry.modelCall(call);
        const peer = { kind: "model", name: call.model } as const;
        if (call.outcome === "ok") gates.works(peer, clock.now() - call.elapsedMs);
      },
    }),
  );
  const flows = createFlows(config, runners, telemetry);
  const shadows = createShadows(config, runners, telemetry);
  await checkFlows([...flows, ...shadows.flows], logger);
  let onOutage: () => void = () => undefined;
  const store = observeStore(
    started.use(
      await openConfiguredStore(config, logger, clock, {
        ...telemetry.metrics,
        onOutage: () => onOutage(),
        onResumed: (peer) => {
          if (peer.kind === "model" || peer.kind === "flow") breakers.of(peerKey(peer)).resume();
        },
      }),
    ),
    { ...telemetry, clock },
  );
  gates.connect(store);
  const createForge = createForges(config.gitlab, {
    clock,
    logger,
    telemetry,
    gates,
    onWorks: gates.works,
    registry: store.ownNotes,
  });
  const projects = createConfiguredPaths(config, telemetry, { logger, clock });
  const identity = createIdentity();
  const routes = createProjectRoutes(config, identity.current);
  const parts = { store, routes, runners, clock, logger };
  const { book, lessons } = createConfiguredLessons(config, { store: store.lessons, clock, logger });
  const forWorker = shadows.forWorker(store, createForge);
  const { desk: budget, ...budgets } = createBudgets(config, { ...parts, telemetry });
  const notifications = await createConfiguredNotifications(config, {
    store,
    clock,
    logger,
    everyMs,
    budgetsToday: budgets.today,
    onSent: telemetry.metrics.protection.notice,
  });
  onOutage = notifications.wake;
  if (role.reviews) notifications.start();
  started.defer(notifications.stop);
  const worker = await startConfiguredWorker(config, {
    ...parts,
    projects,
    flows,
    lessons,
    budget,
    ...forWorker,
  });
  let graceMs = config.worker.stopGraceMs;
  // What a newer version has changed is not written to by runs that may take a while.
  void store.outdated.then(() => (graceMs = 0));
  started.defer(async () => worker?.stop(graceMs));
  const followUp = startConfiguredFollowUp(config, { store, flows, createForge, clock, logger, everyMs });
  started.defer(async () => followUp?.stop());
  started.defer(shadows.start({ store, createForge, budget, clock, logger }));
  const { token } = config.gitlab;
  const identify = async (signal?: AbortSignal): Promise<void> => {
    if (token !== null) await identity.learn(createForge(token), logger, signal);
  };
  const intake = await createConfiguredIntake(config, store, telemetry, routes, {
    logger,
    clock,
    identify,
    projects,
  });
  const clientOf = createClientOf(config.server.trustedProxies);
  const pages = role.takesDeliveries
    ? createPagesOnRequest(config, {
        ...parts,
        intake,
        clientOf,
        breakers,
        book,
        budgets: budgets.today,
        notices: notifications.troubles,
      })
    : null;
  const app = createApp({
    ...(pages === null ? { intake: null } : { intake, dashboard: pages.dashboard, api: pages.api }),
    metrics: createMetricsRoute({
      render: () => budgets.measure().then(() => telemetry.metrics.render(store.queueStatus)),
      token: config.telemetry.metricsToken,
      clientOf,
      clock,
      logger,
    }),
    observeDelivery: observeDeliveries(telemetry, clock),
    clientOf,
    checkReady: store.ping,
    clock,
    logger,
  });
  const server = await startServer({ app, ...config.server });
  started.defer(() => server.stop(config.worker.stopGraceMs));
  started.defer(async () => pages?.close());
  const reconciler = startReconciling(config, { store, routes, clock, logger, telemetry, gates });
  started.defer(async () => reconciler?.stop());
  void identify();
  started.defer(identity.stop);
  const { url } = server;
  logger.info({ url, flows: flows.map(({ name }) => name), ...summaryOf(config) }, "Reviewflow listens");
  const running = started.move();
  return {
    url,
    store,
    runners,
    outdated: store.outdated,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const summaryOf = ({ store, server }: Config) => ({ store: store.kind, role: server.role });

const openConfiguredStore = (
  config: Config,
  logger: Logger,
  clock: Clock,
  {
    storeError: onError,
    protection,
    onOutage: tell,
    onResumed,
  }: Telemetry["metrics"] & { readonly onOutage: () => void; readonly onResumed: (peer: Peer) => void },
): Promise<OpenedStore> =>
  openStore({
    onError,
    onResumed,
    onForgotten: protection.forgotten,
    onAway: (error) =>
      logger.warn({ error: describeError(error) }, "The database is not there yet; trying again"),
    onOutage: ({ peer, state, reason }) => {
      tell();
      if (state === "over") logger.info({ peer }, "Works again; what waits for it goes on");
      else if (state === "away") logger.warn({ peer, ...reason }, "Not available; runs wait for it");
      else logger.warn({ peer, ...reason }, "Refused; its queue is parked until something is changed");
    },
    retention: config.retention,
    database:
      config.store.kind === "embedded" ? { dataDir: config.store.folder } : { databaseUrl: config.store.url },
    logger,
    clock,
    tokenKeys: config.encryptionKeys.map((key) => new Uint8Array(Buffer.from(key.reveal(), "base64"))),
    retry: {
      maxAttempts: config.worker.attempts,
      baseMs: config.worker.backoffMs,
      maxMs: config.worker.maxBackoffMs,
      giveUpMs: config.worker.giveUpMs,
    },
    heartbeatMs: config.worker.leaseMs,
  });

/** Secrets that are for some projects only need GitLab's word for what a project is called. */
const createConfiguredPaths = (
  { gitlab }: Config,
  telemetry: Telemetry,
  shared: { readonly logger: Logger; readonly clock: Clock },
): ProjectPaths | null =>
  gitlab.token === null
    ? null
    : createProjectPaths({
        ...shared,
        url: gitlab.url,
        token: gitlab.token,
        timeoutMs: gitlab.timeoutMs,
        onCall: (call) => telemetry.gitLabCall(call, "server"),
      });

/** How long a note waits until we know who we are; GitLab waits ten seconds for our answer. */
const IDENTIFY_TIMEOUT_MS = 4_000;

const createConfiguredIntake = async (
  config: Config,
  store: OpenedStore,
  telemetry: Telemetry,
  routes: ReturnType<typeof createProjectRoutes>,
  {
    logger,
    clock,
    identify,
    projects,
  }: {
    readonly logger: Logger;
    readonly clock: Clock;
    readonly identify: (signal: AbortSignal) => Promise<void>;
    readonly projects: ProjectPaths | null;
  },
): Promise<Intake> => {
  const { timestampToleranceMs: toleranceMs, tokenUsers: users, ...webhook } = config.webhook;
  return createIntake({
    verify: { ...webhook, toleranceMs },
    tokens: createTokenProof({
      known: await store.openProvenTokens(),
      users,
      url: config.gitlab.url,
      timeoutMs: config.gitlab.timeoutMs,
      clock,
      logger,
      onCall: (call) => telemetry.gitLabCall(call, "delivery"),
    }),
    projects,
    route: routes,
    accept: store.accept,
    learns: config.lessons.enabled,
    identify: () => identify(AbortSignal.timeout(IDENTIFY_TIMEOUT_MS)),
    clock,
    logger,
  });
};
