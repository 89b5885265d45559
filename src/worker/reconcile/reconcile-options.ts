import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { ChangeFeed } from "../../review/change-feed.ts";
import type { ReconcileStore } from "../../store/reconcile/reconcile-store.ts";
import type { Store } from "../../store/store.ts";
import type { ReviewRoute } from "../../review/triggers.ts";

/** What looking for missed changes needs. Times are in milliseconds. */
export type ReconcileOptions = {
  readonly feed: ChangeFeed;
  readonly store: Pick<Store, "accept"> & { readonly reconciliation: ReconcileStore };
  /** How a project is reviewed; null where it is not, or is not to be looked at. */
  readonly route: (projectPath: string) => ReviewRoute | null;
  /** How long after the end of a round the next one begins. */
  readonly everyMs: number;
  /** Changes before are never looked at, since the epoch; null for those before the first round ever. */
  readonly sinceMs: number | null;
  /** The most lists of changes that one round reads; 200 when left out. */
  readonly maxCalls?: number;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** How long the lease is held without a renewal. A call of GitLab with all its retries takes less. */
export const LEASE_MS = 180_000;
