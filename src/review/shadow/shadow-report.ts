import { StoredReason } from "../../base/reason.ts";
import { z } from "zod";
import { FlowUsage } from "../../flow/flow-usage.ts";
import { SEVERITIES } from "../finding.ts";
import { matchFindings } from "./match-findings.ts";
import { ShadowFinding } from "./shadow-finding.ts";

/** What one flow made of a change. */
const ShadowSide = z.object({
  /** Empty for a flow that writes a text. */
  findings: z.array(ShadowFinding),
  /** The text of the contract `note`, cut; null for findings. */
  text: z.string().nullable(),
  /** Of the review alone: a walk-through is not compared. */
  usage: FlowUsage,
  elapsedMs: z.number(),
  /** What did not go as it should. */
  remarks: z.array(StoredReason),
});

/** The type of a ShadowSide. */
export type ShadowSide = z.infer<typeof ShadowSide>;

/** What the present flow and its candidate made of the same head. */
export const ShadowReport = z.object({ present: ShadowSide, candidate: ShadowSide });

/** The type of a ShadowReport. */
export type ShadowReport = z.infer<typeof ShadowReport>;

const BySeverity = z.record(z.enum(SEVERITIES), z.number());

/** How many findings there are of each severity. */
export type BySeverity = z.infer<typeof BySeverity>;

const Consumed = z.object({ usage: FlowUsage, elapsedMs: z.number() });

/** A report in numbers, for sums over many. */
export const ShadowFigures = z.object({
  /** Counted by the severity that the present flow gave. */
  both: BySeverity,
  onlyPresent: BySeverity,
  onlyCandidate: BySeverity,
  present: Consumed,
  candidate: Consumed,
});

/** The type of ShadowFigures. */
export type ShadowFigures = z.infer<typeof ShadowFigures>;

/** No findings. */
export const NO_FINDINGS: BySeverity = { critical: 0, major: 0, minor: 0, info: 0 };

const countBySeverity = (findings: readonly ShadowFinding[]): BySeverity => {
  const counts = { ...NO_FINDINGS };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
};

/** All findings of a count, whatever their severity. */
export const countAll = (counts: BySeverity): number =>
  SEVERITIES.reduce((total, severity) => total + counts[severity], 0);

/** Counts what both found and what only one of them did. */
export const figuresOf = ({ present, candidate }: ShadowReport): ShadowFigures => {
  const matched = matchFindings(present.findings, candidate.findings);
  return {
    both: countBySeverity(matched.both.map((pair) => pair.present)),
    onlyPresent: countBySeverity(matched.onlyPresent),
    onlyCandidate: countBySeverity(matched.onlyCandidate),
    present: { usage: present.usage, elapsedMs: present.elapsedMs },
    candidate: { usage: candidate.usage, elapsedMs: candidate.elapsedMs },
  };
};
