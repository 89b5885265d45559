import { StoredReason } from "../base/reason.ts";
import { z } from "zod";
import { ToldFinding } from "./told-finding.ts";
import { FlowUsage } from "../flow/flow-usage.ts";

/** What became of one file; see FileReceipt. */
const ResultFile = z.object({
  path: z.string(),
  outcome: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("reviewed"), sinceSha: z.string() }),
    z.object({ kind: z.literal("partly"), sinceSha: z.string(), reason: StoredReason }),
    z.object({ kind: z.literal("skipped"), reason: StoredReason }),
  ]),
});

/** A finding and what was done about it. */
const ResultFinding = ToldFinding.extend({
  /** `opened` now, `kept` from before, or told in the summary only. */
  state: z.enum(["opened", "kept", "folded"]),
  /** Why it was folded, else null. */
  why: z.enum(["limit", "severity", "confidence", "no-place"]).nullable(),
  discussionId: z.string().nullable(),
});

/**
 * What a run of the contract `findings` leaves behind, for pages. Long lists are cut; `counts` are of
 * the whole.
 */
export const ReviewResult = z.object({
  kind: z.literal("findings"),
  headSha: z.string(),
  baseSha: z.string(),
  summaryNoteId: z.number().nullable(),
  counts: z.object({
    files: z.number(),
    opened: z.number(),
    kept: z.number(),
    resolved: z.number(),
    folded: z.number(),
    /** Threads that GitLab refused to place; they are among the folded. */
    refused: z.number(),
    hunks: z.number(),
    remembered: z.number(),
    units: z.number(),
    failedUnits: z.number(),
    rejected: z.number(),
    refuted: z.number(),
    unverified: z.number(),
  }),
  remarks: z.array(StoredReason),
  files: z.array(ResultFile),
  findings: z.array(ResultFinding),
  usage: FlowUsage,
});

/** The type of a ReviewResult. */
export type ReviewResult = z.infer<typeof ReviewResult>;

/** The most that a result lists; a result stays below about a megabyte. */
export const RESULT_LIMITS = { files: 2_000, findings: 300, remarks: 50, textLength: 2_000 } as const;
