import type { StoreError } from "../../base/errors.ts";
import type { Reason } from "../../base/reason.ts";
import type { Journal } from "../../base/journal.ts";
import type { ShadowChoice } from "../../review/shadow/decide-choice.ts";
import type { ShadowFigures, ShadowReport } from "../../review/shadow/shadow-report.ts";
import type { Run } from "../store.ts";

/** A candidate of a flow, by the names of both. */
export type CandidateKey = { readonly flow: string; readonly candidate: string };

/** How a candidate stands. Times are in milliseconds since the epoch. */
export type CandidateStanding = CandidateKey & {
  /** Runs that ended before are not compared. */
  readonly sinceMs: number;
  readonly choice: ShadowChoice | null;
  readonly chosenAtMs: number | null;
  readonly chosenBy: string | null;
};

/** How a shadow run stands; the last three are final. */
type ShadowState = "queued" | "active" | "done" | "failed" | "skipped";

/** A candidate's review of the head that a run reviewed. Times are in milliseconds since the epoch. */
export type ShadowRun = CandidateKey & {
  readonly id: string;
  /** The run that it is compared with. */
  readonly runId: string;
  readonly projectId: number;
  readonly projectPath: string;
  readonly iid: number;
  readonly headSha: string | null;
  readonly state: ShadowState;
  /** Why it failed or was skipped. */
  readonly reason: Reason | null;
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
  /** Null unless it is done. */
  readonly figures: ShadowFigures | null;
};

/** What becomes of a run's comparison: it waits to be claimed, or is not made for a reason. */
export type PlannedShadow = {
  readonly run: Run;
  readonly candidate: string;
  readonly skip: Reason | null;
};

/** A shadow run that this process is to work on now. */
export type ShadowClaim = {
  readonly shadow: ShadowRun;
  /** The run that it is compared with, and what its journal knows. */
  readonly run: Run;
  readonly presentJournal: Pick<Journal, "read" | "entries">;
  /** The shadow's own; writing is refused once it is no longer ours. */
  readonly journal: Journal;
  /** What all runs of the candidate over this merge request know together. */
  readonly memory: Journal;
  /** Keeps the claim for another while; false when it was taken away, or a choice was made meanwhile. */
  readonly renew: () => Promise<boolean>;
  /** Leaves the claim; false when it was no longer ours, and then nothing is changed. */
  readonly settle: (settlement: ShadowSettlement) => Promise<boolean>;
  /**
   * Runs `work` behind the claim: a write of it that comes when the lease leaves no time for it, or after another
   * process has the shadow run, is refused with StoreError `claim-lost`, of which `onLost` hears in the first case.
   */
  readonly work: <T>(work: () => Promise<T>, onLost: (error: StoreError) => void) => Promise<T>;
};

/** How a worker leaves a shadow run. */
export type ShadowSettlement =
  | { readonly state: "done"; readonly report: ShadowReport; readonly figures: ShadowFigures }
  | { readonly state: "failed" | "skipped"; readonly reason: Reason }
  /** Another attempt after so many milliseconds; one in which nothing was tried does not count. */
  | {
      readonly state: "retry";
      readonly reason: Reason;
      readonly delayMs: number;
      readonly untried?: boolean;
    }
  /** We are stopping: back into the queue at once, without counting the attempt. */
  | { readonly state: "handed-back" };

/** Candidates, their runs, and what was decided about them. Failures are StoreErrors. */
export type ShadowStore = {
  /** Notes that a candidate is configured, from now on unless it was known; returns how it stands. */
  readonly follow: (key: CandidateKey) => Promise<CandidateStanding>;
  /** How a candidate stands; null for one that no server has followed. */
  readonly standing: (key: CandidateKey) => Promise<CandidateStanding | null>;
  /** How every candidate stands that any server has followed or decided about, also those long gone. */
  readonly standings: () => Promise<readonly CandidateStanding[]>;
  /**
   * Decides about a candidate for all instances. Whatever choice is made, what waits or is under way ends;
   * with null, comparing begins anew from now.
   */
  readonly choose: (
    key: CandidateKey,
    choice: ShadowChoice | null,
    by: string | null,
  ) => Promise<CandidateStanding>;
  /** Reviews of the flow that ended well since, and of which nothing is planned for the candidate, the oldest first. */
  readonly listUnplanned: (
    key: CandidateKey,
    since: { readonly sinceMs: number; readonly limit: number },
  ) => Promise<readonly Run[]>;
  /** The journal of a run, to be read only. */
  readonly journalOf: (runId: string) => Pick<Journal, "read" | "entries">;
  /** Whether the candidate has had a run over this merge request. */
  readonly hasSeen: (key: CandidateKey, run: Pick<Run, "projectId" | "iid">) => Promise<boolean>;
  /** Plans a run's comparison, once; older ones of the same merge request that still wait give way. */
  readonly plan: (planned: PlannedShadow) => Promise<void>;
  /** Takes the oldest shadow run that is due and that nobody holds; null when there is none. */
  readonly claim: (
    keys: readonly CandidateKey[],
    options: {
      readonly leaseMs: number;
      /** Only those that were planned before, in milliseconds since the epoch; null for all. */
      readonly plannedBeforeMs: number | null;
    },
  ) => Promise<ShadowClaim | null>;
  /** Newest first. */
  readonly list: (key: CandidateKey, limit: number) => Promise<readonly ShadowRun[]>;
  readonly find: (
    id: string,
  ) => Promise<{ readonly shadow: ShadowRun; readonly report: ShadowReport | null } | null>;
};
