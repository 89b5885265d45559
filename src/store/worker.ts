import { message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { StoreError, describeError } from "../base/errors.ts";
import { claimRuns } from "./claim-runs.ts";
import { createHeldClaims } from "./held-claims.ts";
import type { RunKind, RunningWorker, WorkOptions } from "./store.ts";
import { type WorkerParts, workOnClaim } from "./work-on-claim.ts";

/** A worker that the store can wake. */
export type WakeableWorker = RunningWorker & { readonly wake: () => void };

/** How long aborted handlers get to let go before they are left to the next process. */
const LET_GO_MS = 10_000;

const stopping = (): StoreError =>
  new StoreError(message("store.stopping"), {
    code: "store-stopping",
    retryable: true,
  });

/** Starts to take runs and to hand them to `options.handle`. */
export const startWorker = (parts: WorkerParts, options: WorkOptions): WakeableWorker => {
  const { logger, clock } = parts;
  const held = createHeldClaims(parts);
  const lanes: Readonly<Record<RunKind, Set<Promise<void>>>> = { reply: new Set(), review: new Set() };
  /** A claim that is being made: its runs may be active before they are handed to us. */
  let claiming: Promise<void> | null = null;
  const handling = (): readonly Promise<void>[] => [
    ...Object.values(lanes).flatMap((lane) => [...lane]),
    ...(claiming === null ? [] : [claiming]),
  ];
  const taking = new AbortController();
  const letGo = new AbortController();
  const ended = new AbortController();
  let alarm = Promise.withResolvers<void>();
  const wake = (): void => alarm.resolve();

  const takeRuns = async (kind: RunKind): Promise<void> => {
    const lane = lanes[kind];
    while (!taking.signal.aborted && options.concurrency > lane.size) {
      const free = options.concurrency - lane.size;
      const limits = {
        kind,
        free,
        perProject: options.perProject,
        leaseMs: parts.heartbeatMs,
        giveUpMs: parts.policy.giveUpMs,
      };
      const askedAtMs = performance.now();
      const taken = await claimRuns(parts.database, limits, clock.now());
      if (taken.length === 0) return;
      // A queue may have been let go on since the round began: this is known before one of its runs asks.
      await parts.outages.refresh().catch(() => undefined);
      for (const run of taken) {
        const claim = held.add(run, askedAtMs);
        if (letGo.signal.aborted) claim.abort.abort(stopping());
        const work = workOnClaim(parts, options, claim, ended.signal).finally(() => {
          held.drop(claim);
          lane.delete(work);
          wake();
        });
        lane.add(work);
      }
    }
  };

  const rounds = repeat(ended.signal, async () => {
    alarm = Promise.withResolvers<void>();
    try {
      await held.checkCancellations();
      await parts.outages.refresh();
      claiming = takeRuns("reply").then(() => takeRuns("review"));
      await claiming;
    } catch (error) {
      logger.warn({ error: describeError(error) }, "runs could not be taken");
    } finally {
      claiming = null;
    }
    await settledWithin(clock, alarm.promise, parts.pollMs);
  });
  const beats = repeat(ended.signal, async () => {
    await clock.sleep(parts.heartbeatMs / 4, ended.signal).catch(() => undefined);
    await held.beat();
  });

  const stop = async (graceMs: number): Promise<void> => {
    taking.abort();
    await settledWithin(clock, allOf(handling), graceMs);
    letGo.abort();
    for (const claim of held.all()) claim.abort.abort(stopping());
    if (!(await settledWithin(clock, allOf(handling), LET_GO_MS)))
      logger.warn({ runs: handling().length }, "runs did not stop and are left to another process");
    ended.abort();
    wake();
    await Promise.all([rounds, beats]);
    await settledWithin(clock, allOf(handling), LET_GO_MS);
  };

  let stopped: Promise<void> | null = null;
  return { wake, stop: (graceMs) => (stopped ??= stop(graceMs)) };
};

const repeat = async (ended: AbortSignal, work: () => Promise<void>): Promise<void> => {
  while (!ended.aborted) await work();
};

/** Resolves when nothing is left, whatever became of its members. */
const allOf = async (work: () => readonly Promise<void>[]): Promise<void> => {
  while (work().length > 0) await Promise.allSettled(work());
};

/** Whether `work` was done within `ms`. */
const settledWithin = async (clock: Clock, work: Promise<void>, ms: number): Promise<boolean> => {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(
    () => false,
    () => false,
  );
  const inTime = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return inTime;
};
