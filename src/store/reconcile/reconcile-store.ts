import type { Json } from "../../base/json.ts";
import type { MergeRequestHistory } from "../../review/decide.ts";
import type { MergeRequestRef } from "../../review/forge.ts";

/** The lease of a task that one process does at a time. It is lost when it is not renewed in time. */
export type TaskLease = {
  /** What was kept last, by whoever held it then; null before the first renewal. */
  readonly state: Json;
  /** Holds the lease for its time again and keeps the state; false when it was lost, and then nothing is kept. */
  readonly renew: (state: Json) => Promise<boolean>;
  /** Lets others acquire it. */
  readonly release: () => Promise<void>;
};

/**
 * Of the pause between two rounds of a task that instances share, how much must have passed wherever the last one was:
 * timers are not exact.
 */
export const LEAST_PAUSE = 0.9;

/** `busy`: another process holds the lease. `early`: it was released less than the pause ago. */
export type AcquireOutcome =
  | { readonly kind: "acquired"; readonly lease: TaskLease }
  | { readonly kind: "busy" }
  | { readonly kind: "early" };

/** A run that ended without a review of its head. */
type UnreviewedRun = {
  readonly runId: string;
  readonly state: "failed" | "cancelled" | "superseded";
  /**
   * Whether that ended the matter: a failure that would come again, or somebody's wish. Otherwise the
   * reason may have passed: attempts were used up, the merge request was closed, a newer head came.
   */
  readonly final: boolean;
};

/** A head that somebody asks about. */
export type AskedHead = MergeRequestRef & { readonly headSha: string };

/** What is known of a merge request and one head of it. */
export type Standing = {
  readonly history: MergeRequestHistory;
  /** Runs of the head that was asked about, newest first. */
  readonly unreviewed: readonly UnreviewedRun[];
};

/** What is needed to find out what was missed. Failures are StoreErrors. */
export type ReconcileStore = {
  /** Acquires the lease of the task `name` for `leaseMs`, unless another process holds it or it is too early. */
  readonly acquire: (
    name: string,
    times: { readonly leaseMs: number; readonly pauseMs: number },
  ) => Promise<AcquireOutcome>;
  /** One standing for each head, in the same order. */
  readonly readStandings: (heads: readonly AskedHead[]) => Promise<readonly Standing[]>;
  /** When the last run of each head by a trigger was made, since the epoch; null for none. In the same order. */
  readonly readLastRuns: (
    heads: readonly AskedHead[],
    trigger: string,
  ) => Promise<readonly (number | null)[]>;
  /** Every project that a delivery came from, with the path that it had then. */
  readonly listProjects: () => Promise<readonly { readonly id: number; readonly path: string }[]>;
};
