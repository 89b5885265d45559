import type { FileDiff } from "../../diff/file-diff.ts";
import type { DiffRefs } from "../../diff/position.ts";
import type { Discussion } from "../discussion.ts";
import type { AnchoredFinding, Severity } from "../finding.ts";
import type { Matter } from "./fingerprint.ts";

/** What a review knows when it plans what to say. */
export type PlanInput = {
  /** The configured flow's name; only threads and notes of this flow are ours to change. */
  readonly flow: string;
  readonly refs: DiffRefs;
  /** Every changed file of this head; those whose text could not be had have no hunks. */
  readonly files: readonly FileDiff[];
  /** Everything that holds for this head, remembered findings included, after verification and merging. */
  readonly findings: readonly AnchoredFinding[];
  /** Every discussion of the merge request, read just now. */
  readonly discussions: readonly Discussion[];
  /** Findings that are not to be raised again, also where their threads are gone; none when left out. */
  readonly dismissed?: readonly { readonly fingerprint: string; readonly matter: Matter }[];
  /** Whether a path was reviewed in full; a thread elsewhere says nothing by not being found again. */
  readonly isCovered: (path: string) => boolean;
  /** The most threads that may be open at once through us. */
  readonly maxThreads: number;
  /** Findings below these are folded into the summary. */
  readonly leastSeverity: Severity;
  readonly leastConfidence: number;
};

/** A finding that gets a thread of its own. */
export type PlannedThread = { readonly fingerprint: string; readonly found: AnchoredFinding };

/** A finding that was said before, in an open thread or in one that was resolved, by whomever. */
type KeptThread = {
  readonly fingerprint: string;
  readonly discussionId: string;
  /** The note that opened the thread. */
  readonly noteId: number;
  readonly resolved: boolean;
  readonly found: AnchoredFinding;
};

/** A thread of ours, unresolved, without a human's word in it, that is no longer true. */
export type EndedThread = {
  readonly fingerprint: string;
  readonly discussionId: string;
  /** `code-gone`: the lines that it was about are no longer among the changes. */
  readonly why: "fixed" | "code-gone";
};

/** A finding that is told in the summary only. */
export type FoldedFinding = {
  readonly found: AnchoredFinding;
  readonly why: "limit" | "severity" | "confidence" | "no-place";
};

/**
 * What is to change on the merge request. Every finding of the input is in exactly one of the lists, but for
 * those that were dismissed and have no thread any more, which are in none.
 */
export type ReviewPlan = {
  /** The strongest first. */
  readonly open: readonly PlannedThread[];
  /** The strongest first. */
  readonly keep: readonly KeptThread[];
  /** The oldest thread first. */
  readonly resolve: readonly EndedThread[];
  /** The strongest first. */
  readonly fold: readonly FoldedFinding[];
  /** Notes of the threads of before that are ours by their author alone. */
  readonly builtOn: readonly number[];
  /** Our summary note, null when there is none yet. */
  readonly summaryNoteId: number | null;
};
