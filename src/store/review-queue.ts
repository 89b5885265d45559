import { PgBoss } from "pg-boss";
import { z } from "zod";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Database, Sql } from "./database.ts";
import { type MergeRequestKey, mergeRequestKey } from "./locks.ts";
import { favourNext } from "./fair-share.ts";
import { QUEUE_SCHEMA } from "./queue-schema.ts";
import type { RunKind } from "./store.ts";

const QUEUE = "review";

const DAY_S = 86_400;

/** pg-boss's answer to a command, which its types leave empty. */
const Affected = z.object({ affected: z.number() });

/** A job that this process holds; `retryCount` tells its turn from that of another process. */
export type HeldJob = { readonly id: string; readonly retryCount: number };

/** A job for the queue. */
export type NewJob = MergeRequestKey & {
  readonly id: string;
  readonly kind: RunKind;
  readonly runId: string;
  /** Milliseconds since the epoch, null for at once. */
  readonly startAfterMs: number | null;
};

/** How many jobs may be active. */
export type TakeLimits = { readonly free: number; readonly perProject: number };

/**
 * The queue `review` on pg-boss: one job for every run that waits or is worked on, and no other. All
 * writes happen in a transaction of the caller, together with the run's own row.
 */
export type ReviewQueue = {
  readonly add: (tx: Sql, jobs: readonly NewJob[]) => Promise<void>;
  readonly remove: (tx: Sql, jobIds: readonly string[]) => Promise<void>;
  /**
   * Makes due jobs active: none of a merge request that has an active one of its kind, none above the
   * limits, and each project in its turn.
   */
  readonly take: (tx: Sql, limits: TakeLimits) => Promise<readonly HeldJob[]>;
  /** Tells that these jobs are still worked on; returns those that are still ours. */
  readonly touch: (jobs: readonly HeldJob[]) => Promise<ReadonlySet<string>>;
  readonly stop: () => Promise<void>;
};

/** How pg-boss is set up. */
export type QueueOptions = {
  readonly database: Database;
  readonly heartbeatSeconds: number;
  readonly logger: Logger;
  readonly clock: Clock;
};

/**
 * Starts pg-boss. Its policy `singleton` lets one job per key be active, over all processes; reviews and
 * replies have keys of their own. Retries,
 * backoff and giving way to a newer head are decided by us: `stately` would send the second failing
 * job of a key to the dead letter queue while the first waits. pg-boss puts a job back only when the
 * heartbeats of its process stop; an embedded database has no other process, so there it does not.
 */
export const startQueue = async (options: QueueOptions): Promise<ReviewQueue> => {
  const { database, logger } = options;
  const shared = database.kind === "shared";
  const boss = new PgBoss({
    db: database.queue,
    backend: shared ? "postgres" : "pglite",
    schema: QUEUE_SCHEMA,
    schedule: false,
    supervise: shared,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  boss.on("error", (error) => logger.warn({ error: describeError(error) }, "the queue reports an error"));
  await boss.start();
  await boss.createQueue(QUEUE, {
    policy: "singleton",
    retryLimit: 1_000_000,
    retryDelay: 0,
    expireInSeconds: DAY_S - 1,
    retentionSeconds: 3_650 * DAY_S,
    ...(shared ? { heartbeatSeconds: options.heartbeatSeconds } : {}),
  });
  return operations(boss, options.clock);
};

/**
 * How long a job waits, as an interval. The database adds it to its own time: as a date, a wait would be
 * longer by as much as our clock is ahead of the database's, or was before it was set.
 */
const waitOf = (startAfterMs: number, clock: Clock): string =>
  `${Math.max(0, startAfterMs - clock.now())} milliseconds`;

const operations = (boss: PgBoss, clock: Clock): ReviewQueue => ({
  add: async (tx, jobs) => {
    if (jobs.length === 0) return;
    const rows = jobs.map((job) => ({
      id: job.id,
      data: { runId: job.runId },
      singletonKey: job.kind === "review" ? mergeRequestKey(job) : `${mergeRequestKey(job)} ${job.kind}`,
      group: { id: String(job.projectId) },
      ...(job.startAfterMs === null ? {} : { startAfter: waitOf(job.startAfterMs, clock) }),
    }));
    await boss.insert(QUEUE, rows, { db: tx.queue });
  },
  remove: async (tx, jobIds) => {
    if (jobIds.length > 0) await boss.deleteJob(QUEUE, [...jobIds], { db: tx.queue });
  },
  take: async (tx, limits) => {
    const favoured = await favourNext(tx, limits);
    if (favoured === 0) return [];
    const jobs = await boss.fetch(QUEUE, {
      db: tx.queue,
      batchSize: favoured,
      groupConcurrency: limits.perProject,
      minPriority: 1,
    });
    return jobs.map((job) => ({ id: job.id, retryCount: job.retryCount }));
  },
  touch: async (jobs) => {
    const held = new Set<string>();
    for (const job of jobs) {
      const { affected } = Affected.parse(await boss.touch(QUEUE, job));
      if (affected > 0) held.add(job.id);
    }
    return held;
  },
  stop: () => boss.stop({ graceful: false, close: false }),
});

/** A new job's id. */
export const newJobId = (): string => newId();
