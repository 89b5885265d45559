import type { FindingKey, FindingOutcome, Outcome, RaisedFinding } from "../../review/lessons/outcome.ts";
import type { MergeRequestRef } from "../../review/forge.ts";

/** A project's file of lessons. Times are in milliseconds since the epoch. */
export type StoredLessons = {
  readonly projectId: number;
  readonly projectPath: string;
  readonly text: string;
  /** The keys of lessons that somebody took out. */
  readonly struck: readonly string[];
  /** Whether reviews are told of it. */
  readonly on: boolean;
  /** Grows with each change; whoever changes the file names the one that they saw. */
  readonly version: number;
  readonly editedAtMs: number | null;
  readonly editedBy: string | null;
  /** What was handed on to another server last; null for nothing. */
  readonly sent: string | null;
};

/** What of the file is changed; what is left out stays. */
export type LessonsChange = Partial<
  Pick<StoredLessons, "text" | "struck" | "on" | "sent"> & { readonly editedBy: string }
>;

/** A vote that only counts for members of the project. */
type Voter = { readonly userId: number };

/** What people made of findings, and the files that it is summed up to. Failures are StoreErrors. */
export type LessonStore = {
  /** Keeps findings that have a thread; what is known of one already stays, but for its wording. */
  readonly keepFindings: (findings: readonly RaisedFinding[]) => Promise<void>;
  /**
   * Keeps outcomes, one for each facet of a finding, and returns how many were kept: those about findings
   * that are not known are not.
   */
  readonly keepOutcomes: (outcomes: readonly Outcome[]) => Promise<number>;
  /** Takes an outcome back, if it still is this one; false when it is not. */
  readonly dropOutcome: (outcome: Outcome) => Promise<boolean>;
  /** The head at which each finding of a flow was raised, by fingerprint. */
  readonly raisedAt: (
    ref: MergeRequestRef,
    flow: string,
  ) => Promise<ReadonlyMap<FindingKey["fingerprint"], string>>;
  /** The newest outcomes that count: those by members, and those of nobody in particular. */
  readonly listOutcomes: (projectId: number, limit: number) => Promise<readonly FindingOutcome[]>;
  /** People with outcomes of whom nobody knows, or has known for 30 days, whether they are members. */
  readonly listUnknownVoters: (projectId: number, limit: number) => Promise<readonly Voter[]>;
  readonly keepVoter: (projectId: number, userId: number, isMember: boolean) => Promise<void>;
  /**
   * Merge requests that came to their end, with a finding that nobody has looked at since, the newest
   * first.
   */
  readonly listEnded: (
    projectId: number,
    limit: number,
  ) => Promise<readonly (MergeRequestRef & { readonly flow: string })[]>;
  /** Notes that the findings of a merge request were looked at after its end. */
  readonly keepLooked: (ref: MergeRequestRef) => Promise<void>;
  /** The file of a project; null when there is none. */
  readonly readLessons: (projectId: number) => Promise<StoredLessons | null>;
  /**
   * Changes the file of a project, or begins it (`version` 0); null when it was changed since that version,
   * and then nothing is.
   */
  readonly changeLessons: (
    project: { readonly id: number; readonly path: string },
    version: number,
    change: LessonsChange,
  ) => Promise<StoredLessons | null>;
  /** The project with this path, by the newest delivery or else the file of lessons; null for none. */
  readonly findProject: (path: string) => Promise<{ readonly id: number; readonly path: string } | null>;
};
