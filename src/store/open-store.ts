import { message } from "../messages/message.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { StoreError, describeError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Peer } from "../base/outside.ts";
import type { Secret } from "../base/secret.ts";
import { acceptBatch, prepareRequest } from "./accept.ts";
import { cancelRun, runAgain } from "./change-runs.ts";
import { ANSWER_MS, type Database } from "./database.ts";
import { WAKE_CHANNEL } from "./end-runs.ts";
import { createGroupCommit } from "./group-commit.ts";
import { expireLeases } from "./lease.ts";
import { startMaintenance } from "./maintenance.ts";
import { pauseAfter, retryBy } from "../base/retry.ts";
import { migrate, readSchemaVersion, refuseNewer } from "./migrations.ts";
import type { OutageChange } from "./outage.ts";
import { createOutages, resumeAll } from "./outages.ts";
import { createQueries } from "./queries.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry-policy.ts";
import type { RunEventReading } from "./run-event.ts";
import { createRunEvents } from "./run-events.ts";
import type { NoteRegistry } from "../review/note-registry.ts";
import type { ProvenTokens } from "../review/proven-tokens.ts";
import { createNoteRegistry } from "./own-notes.ts";
import { openProvenTokens } from "./proven-tokens.ts";
import type { Store } from "./store.ts";
import { createViews } from "./views/create-views.ts";
import type { Views } from "./views/views.ts";
import { createReconcileStore } from "./reconcile/create-reconcile-store.ts";
import type { ReconcileStore } from "./reconcile/reconcile-store.ts";
import { createLessonStore } from "./lessons/create-lesson-store.ts";
import type { LessonStore } from "./lessons/lesson-store.ts";
import { createCallGates, type CallGates } from "./rate-limits/call-gates.ts";
import { createRateLimits, HOLD_CHANNEL } from "./rate-limits/rate-limits.ts";
import { createProgressStore, type ProgressStore } from "./progress/progress-store.ts";
import { createNoticeStore, type NoticeStore } from "./notices/notice-store.ts";
import { createShadowStore } from "./shadows/create-shadow-store.ts";
import type { ShadowStore } from "./shadows/shadow-store.ts";
import { type ForgottenProject, forgetProject } from "./retention/forget-project.ts";
import { DEFAULT_RETENTION, type Retention } from "./retention/retention.ts";
import { createSpending, type Spending } from "./spending/create-spending.ts";
import { createSessionStore, type SessionStore } from "./sessions.ts";
import { createSealedKeys, type SealedKeys, startResealing } from "./sealed-keys.ts";
import { type Backup, openSqlite } from "./sqlite/open-sqlite.ts";
import { takeUpLostRuns } from "./take-up-lost-runs.ts";
import { createTokenVault } from "./token-vault.ts";
import type { WorkerParts } from "./work-on-claim.ts";
import { type WakeableWorker, startWorker } from "./worker.ts";

/** How the store is opened. All times in milliseconds. */
export type StoreOptions = {
  /** A folder of our own for the embedded database, or a PostgreSQL server that instances share. */
  readonly database: { readonly dataDir: string } | { readonly databaseUrl: Secret };
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Keys of 32 bytes for tokens at rest; the first encrypts, all decrypt. Without one, tokens are refused. */
  readonly tokenKeys?: readonly Uint8Array[];
  /** What is left out is as in DEFAULT_RETRY. */
  readonly retry?: Partial<RetryPolicy>;
  readonly groupCommit?: { readonly maxBatch: number; readonly maxWaitMs: number };
  /** How often what is old is deleted, and space given back to the disk. */
  readonly maintenanceIntervalMs?: number;
  /** How long a silent process keeps its runs. */
  readonly heartbeatMs?: number;
  /** How often is looked for work that nobody announced, such as a retry that is due. */
  readonly pollMs?: number;
  /** The most connections to a PostgreSQL server, besides one for notifications. */
  readonly maxConnections?: number;
  /**
   * How long PostgreSQL may take for a connection and for an answer; a delivery waits no longer than one and a half times
   * that. GitLab waits ten seconds.
   */
  readonly answerMs?: number;
  /** Told that a PostgreSQL server is not there yet, or still starts, and is tried again; it is an error when left out. */
  readonly onAway?: ((error: StoreError) => void) | null;
  /** For how long what is stored is kept. */
  readonly retention?: Retention;
  /** Told once of what outside has gone away, is parked or works again; must not throw. */
  readonly onOutage?: (change: OutageChange) => void;
  /** Told that somebody lets go on what was parked, before a run of this process asks for it; must not throw. */
  readonly onResumed?: (peer: Peer) => void;
  /** Told what was deleted because of its age, and how many rows, for metrics; must not throw. */
  readonly onForgotten?: (what: string, rows: number) => void;
  /** Told the code of every failure of the database, for metrics; must not throw. */
  readonly onError?: (code: string) => void;
};

const MAX_BATCH_BYTES = 16 * 1024 * 1024;

const DEFAULTS = {
  logger: silentLogger,
  clock: systemClock,
  tokenKeys: [],
  retry: DEFAULT_RETRY,
  groupCommit: { maxBatch: 64, maxWaitMs: 0 },
  maintenanceIntervalMs: 600_000,
  heartbeatMs: 10_000,
  pollMs: 1_000,
  maxConnections: 10,
  answerMs: ANSWER_MS,
  onAway: null,
  onError: () => undefined,
  onOutage: () => undefined,
  onResumed: () => undefined,
  onForgotten: () => undefined,
  retention: DEFAULT_RETENTION,
} satisfies Omit<StoreOptions, "database">;

/** A store with what pages ask of it. */
export type OpenedStore = Store &
  RunEventReading & {
    readonly views: Views;
    readonly reconciliation: ReconcileStore;
    readonly callGateOf: CallGates["gateOf"];
    /** A copy of an embedded store as it is now, for `restoreFolder`; null on PostgreSQL. */
    readonly backup: (() => Promise<Backup>) | null;
    readonly keys: SealedKeys;
    readonly lessons: LessonStore;
    readonly ownNotes: NoteRegistry;
    /** For the one intake of a process. Throws StoreErrors when they cannot be read. */
    readonly openProvenTokens: () => Promise<ProvenTokens>;
    readonly spending: Spending;
    /** Deletes all that is stored of a project; see forgetProject. */
    readonly forgetProject: (project: string) => Promise<ForgottenProject | null>;
    readonly shadows: ShadowStore;
    readonly sessions: SessionStore;
    readonly notices: NoticeStore;
    readonly progress: ProgressStore;
    /** Resolves when a newer version has changed the tables of a shared store: this one can no longer work. */
    readonly outdated: Promise<StoreError>;
  };

/**
 * Opens the store, brings its tables up to date and takes up what a crash has left behind. Ends with
 * `await using`, or by `Symbol.asyncDispose`. Throws StoreErrors that say what to change.
 */
export const openStore = async (options: StoreOptions): Promise<OpenedStore> => {
  const settings: Settings = { ...DEFAULTS, ...options };
  const vault = createTokenVault(settings.tokenKeys);
  const { database, backup } = await openDatabase(settings);
  const undo = new AsyncDisposableStack();
  undo.defer(() => database.close().catch(() => undefined));
  try {
    await database.exclusively(() => migrate(database));
    // An embedded database has just been locked, so whatever is active in it has lost its worker.
    if (database.kind === "embedded") await database.transaction(expireLeases);
    await takeUpLostRuns(database, settings.clock.now());
    const { retry, ...rest } = settings;
    const policy = { ...DEFAULT_RETRY, ...retry };
    const events = createRunEvents(database, settings.clock);
    const { clock, onOutage: onChange, onResumed } = settings;
    const outages = createOutages(database, { clock, onChange, onResumed });
    const parts = {
      ...rest,
      database,
      backup,
      vault,
      events,
      outages,
      policy,
    };
    return await createStore(settings, parts);
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
};

type Settings = Required<StoreOptions>;

/** What passes when a server has started, or finds itself again. */
const AWAY: ReadonlySet<string> = new Set(["store-unreachable", "store-timeout"]);

const openDatabase = async (
  settings: Settings,
): Promise<Pick<OpenedStore, "backup"> & { readonly database: Database }> => {
  const onError = (error: unknown): void => {
    // A race that was lost and is run again is no failure.
    if (error instanceof StoreError && error.code !== "store-conflict") settings.onError(error.code);
  };
  if ("dataDir" in settings.database) {
    const database = await openSqlite(settings.database.dataDir, onError);
    return { database, backup: database.backup };
  }
  const { logger, maxConnections, answerMs } = settings;
  // The driver is loaded where there is a server.
  const { openPostgres } = await import("./postgres/open-postgres.ts");
  const { databaseUrl } = settings.database;
  const database = await retryBy(
    () => openPostgres({ databaseUrl, maxConnections, logger, answerMs, onError }),
    {
      clock: settings.clock,
      pauseMs: (error, failures) => {
        const isAway = error instanceof StoreError && AWAY.has(error.code);
        if (!isAway || settings.onAway === null) return null;
        settings.onAway(error);
        return pauseAfter(failures, { baseMs: 500, maxMs: 10_000 }, 1);
      },
    },
  );
  return { database, backup: null };
};

/** What keeps the store and those who call from it in order, besides its own housekeeping. */
const createUpkeep = async (
  settings: Settings,
  parts: WorkerParts & Pick<OpenedStore, "backup">,
): Promise<
  Pick<OpenedStore, "backup" | "keys" | "callGateOf"> & { readonly stopResealing: () => Promise<void> }
> => {
  const { database, backup } = parts;
  const gates = createCallGates({ ...settings, limits: createRateLimits(database) });
  await database.listen(HOLD_CHANNEL, gates.forgetLeases);
  const keys = createSealedKeys(parts);
  const { stop: stopResealing } = startResealing(keys, settings);
  return { backup, keys, callGateOf: gates.gateOf, stopResealing };
};

/** What is known besides runs. */
const createAccounts = (
  parts: WorkerParts,
): Pick<
  OpenedStore,
  | "views"
  | "reconciliation"
  | "lessons"
  | "ownNotes"
  | "openProvenTokens"
  | "spending"
  | "forgetProject"
  | "shadows"
  | "sessions"
  | "notices"
  | "progress"
> => ({
  views: createViews(parts.database),
  reconciliation: createReconcileStore(parts.database),
  lessons: createLessonStore(parts.database, parts.clock),
  ownNotes: createNoteRegistry(parts.database, parts.clock),
  openProvenTokens: () => openProvenTokens(parts),
  spending: createSpending(parts.database),
  forgetProject: (project) => forgetProject(parts, project),
  shadows: createShadowStore(parts.database, parts.clock),
  sessions: createSessionStore(parts.database, parts.clock),
  notices: createNoticeStore(parts.database, parts.clock),
  progress: createProgressStore(parts.database, parts.vault),
});

/** Another instance may be of a newer version, and change the tables at its start. */
const watchSchema = ({
  database,
  clock,
  logger,
  heartbeatMs,
}: WorkerParts): Pick<OpenedStore, "outdated"> & { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const { promise: outdated, resolve } = Promise.withResolvers<StoreError>();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(heartbeatMs / 4, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        refuseNewer(await readSchemaVersion(database));
      } catch (error) {
        if (error instanceof StoreError && error.code === "store-too-new") return resolve(error);
        logger.warn({ error: describeError(error) }, "the version of the tables could not be read");
      }
    }
  };
  const watching = database.kind === "shared" ? watch() : Promise.resolve();
  return {
    outdated,
    stop: async () => {
      stopping.abort();
      await watching;
    },
  };
};

const createStore = async (
  settings: Settings,
  parts: WorkerParts & Pick<OpenedStore, "backup">,
): Promise<OpenedStore> => {
  const { database, clock, vault } = parts;
  const workers = new Set<WakeableWorker>();
  const intake = createGroupCommit({
    commit: (batch: Parameters<typeof acceptBatch>[1]) => acceptBatch(parts, batch),
    weigh: (prepared) => prepared.body.bytes.byteLength,
    maxBytes: MAX_BATCH_BYTES,
    answerMs: settings.answerMs * 1.5,
    ...settings.groupCommit,
  });
  const maintenance = startMaintenance({ ...settings, database });
  await database.listen(WAKE_CHANNEL, () => {
    for (const worker of workers) worker.wake();
  });
  const { stopResealing, ...upkeep } = await createUpkeep(settings, parts);
  const version = watchSchema(parts);
  const close = async (): Promise<void> => {
    await Promise.all([
      maintenance.stop(),
      stopResealing(),
      version.stop(),
      ...[...workers].map((worker) => worker.stop(0)),
    ]);
    await intake.close();
    await database.close();
  };
  let closing: Promise<void> | null = null;

  return {
    ...createQueries(database),
    ...createAccounts(parts),
    ...upkeep,
    outages: parts.outages,
    outdated: version.outdated,
    listRunEvents: parts.events.listRunEvents,
    watchRunEvents: parts.events.watchRunEvents,
    accept: async (request) => {
      if (request.run !== null && request.run.token !== null) vault.assertUsable();
      return intake.submit(await prepareRequest(request, clock));
    },
    work: async (work) => {
      if (closing !== null) throw new StoreError(message("store.closed"), { code: "store-closed" });
      await resumeAll(database);
      const worker = startWorker(parts, work);
      workers.add(worker);
      return {
        stop: async (graceMs) => {
          await worker.stop(graceMs);
          workers.delete(worker);
        },
      };
    },
    cancelRun: (runId, reason) => cancelRun(parts, runId, reason),
    runAgain: (runId) => runAgain(parts, runId),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
};
