import { describeError } from "../../base/errors.ts";
import { forgeNow } from "./look.ts";
import { LEASE_MS, type ReconcileOptions } from "./reconcile-options.ts";
import { LEAST_PAUSE } from "../../store/reconcile/reconcile-store.ts";
import { reconcile } from "./reconcile.ts";

/** A reconciler at work. */
export type Reconciler = {
  /** Ends after what it is just storing. */
  readonly stop: () => Promise<void>;
};

const TASK = "reconcile";

/** How soon a lease is asked for again that another process holds, which may be one that has died. */
const BUSY_MS = 30_000;

/**
 * Looks for changes that no webhook told of: now, and then every `everyMs`. GitLab sends an event once, so
 * that whatever happened while nobody listened is found only so. Of several processes on one store one
 * holds the lease at a time, and together they look as often as one alone would.
 */
export const startReconciler = (options: ReconcileOptions): Reconciler => {
  const { clock, everyMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const upSinceMs = clock.now();
  const run = async (): Promise<void> => {
    for (let pauseMs = 0; !signal.aborted; pauseMs = everyMs * LEAST_PAUSE) {
      const waitMs = await tryReconcile(options, pauseMs, { upSinceMs, signal });
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort(new Error("Reviewflow stops"));
      await running;
    },
  };
};

/** Reconciles if the lease is ours to acquire; returns how long to wait for the next round. */
const tryReconcile = async (
  options: ReconcileOptions,
  pauseMs: number,
  life: { readonly upSinceMs: number; readonly signal: AbortSignal },
): Promise<number> => {
  const { store, everyMs, logger } = options;
  try {
    const outcome = await store.reconciliation.acquire(TASK, { leaseMs: LEASE_MS, pauseMs });
    if (outcome.kind === "early") return everyMs;
    if (outcome.kind === "busy") return Math.min(everyMs, BUSY_MS);
    try {
      const { notBeforeMs } = await reconcile(outcome.lease, options, life);
      return Math.max(everyMs, notBeforeMs - forgeNow(options));
    } finally {
      await outcome.lease.release();
    }
  } catch (error) {
    if (!life.signal.aborted)
      logger.error({ error: describeError(error) }, "Missed changes could not be looked for");
    return everyMs;
  }
};
