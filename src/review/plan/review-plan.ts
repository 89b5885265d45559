import type { DiffRefs } from "../../diff/position.ts";
import type { Discussion } from "../discussion.ts";
import type { AnchoredFinding, Severity } from "../finding.ts";

/** What a review knows when it plans what to say. */
export type PlanInput = {
  /** The configured flow's name; only threads and notes of this flow are ours to change. */
  readonly flow: string;
  readonly refs: DiffRefs;
  /** Everything that holds for this head, remembered findings included, after verification and merging. */
  readonly findings: readonly AnchoredFinding[];
  /** Every discussion of the merge request, read just now. */
  readonly discussions: readonly Discussion[];
  /** Our own user id: whatever a note says, only this author's notes are ours. */
  readonly botId: number;
  /** Whether a path was reviewed in full; a thread elsewhere says nothing by not being found again. */
  readonly isCovered: (path: string) => boolean;
  /** The most threads that may be open at once through us. */
  readonly maxThreads: number;
  /** Findings below these are folded into the summary. */
  readonly leastSeverity: Severity;
  readonly leastConfidence: number;
};

/** What is to change on the merge request. Every finding of the input is in exactly one of the lists. */
export type ReviewPlan = {
  readonly open: readonly { readonly fingerprint: string; readonly found: AnchoredFinding }[];
  /** Said before: in an open thread, or in one that was resolved, by whomever. */
  readonly keep: readonly {
    readonly fingerprint: string;
    readonly discussionId: string;
    readonly found: AnchoredFinding;
  }[];
  /** Ours, unresolved, without a human's word in them, and no longer true. */
  readonly resolve: readonly {
    readonly fingerprint: string;
    readonly discussionId: string;
    readonly why: "fixed" | "code-gone";
  }[];
  /** In the summary only, the strongest first. */
  readonly fold: readonly {
    readonly found: AnchoredFinding;
    readonly why: "limit" | "severity" | "confidence" | "no-place";
  }[];
  /** Our summary note, null when there is none yet. */
  readonly summaryNoteId: number | null;
};
