import type { Json } from "../../base/json.ts";
import type { MergeRequestHistory } from "../../review/decide.ts";
import type { MergeRequestRef } from "../../review/forge.ts";

/** A turn of a task that one process does at a time. It is lost when nothing is saved for the lease's time. */
export type Turn = {
  /** What the last turn saved; null before the first. */
  readonly state: Json;
  /** Keeps the state and the turn; false when the turn was lost, and then nothing is kept. */
  readonly save: (state: Json) => Promise<boolean>;
  /** Gives the turn back. */
  readonly end: () => Promise<void>;
};

/** What came of the wish to have a turn. `early`: the last one ended less than the pause ago. */
export type TurnOutcome =
  | { readonly kind: "begun"; readonly turn: Turn }
  | { readonly kind: "busy" }
  | { readonly kind: "early" };

/** A run that ended without a review of its head. */
export type UnreviewedRun = {
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
  /** Takes a turn of the task `name` for `leaseMs`, unless another process is at it or it is too early. */
  readonly beginTurn: (
    name: string,
    times: { readonly leaseMs: number; readonly pauseMs: number },
  ) => Promise<TurnOutcome>;
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
