import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import type { Hunk } from "../../diff/file-diff.ts";
import { CATEGORIES, type AnchoredFinding, type Finding, SEVERITIES } from "../finding.ts";
import { maskSecrets } from "../units/mask-secrets.ts";

const StoredFinding = z.object({
  path: z.string(),
  side: z.enum(["new", "old"]),
  line: z.number().nullable(),
  endLine: z.number().nullable(),
  quote: z.string().nullable(),
  severity: z.enum(SEVERITIES),
  category: z.enum(CATEGORIES),
  confidence: z.number(),
  title: z.string(),
  body: z.string(),
  suggestion: z.string().nullable(),
  unverified: z.literal(true).optional(),
});

const StoredHunk = z.object({
  flow: z.string(),
  headSha: z.string(),
  reviewedAtMs: z.number(),
  overview: z.string().nullable(),
  findings: z.array(StoredFinding),
});

/**
 * What is known of a hunk that was reviewed. The lines of its findings count from the hunk's start, so
 * that they hold wherever the hunk stands later.
 */
export type RememberedHunk = {
  /** The digest of the flows that reviewed it. */
  readonly flow: string;
  /** The head at which it was reviewed, and when. */
  readonly headSha: string;
  readonly reviewedAtMs: number;
  /** What the flow said about the part of the change that the hunk belongs to. */
  readonly overview: string | null;
  readonly findings: readonly Finding[];
};

/** A remembered hunk as the memory keeps it. */
export const toStoredHunk = (hunk: RememberedHunk): Json => JsonObject.parse(hunk);

/** What was remembered of a hunk; null when that was written by other flows, or is not understood. */
export const parseStoredHunk = (stored: Json | undefined, flow: string): RememberedHunk | null => {
  const parsed = StoredHunk.safeParse(stored);
  return parsed.success && parsed.data.flow === flow ? parsed.data : null;
};

const startOf = (hunk: Hunk, side: Finding["side"]): number =>
  side === "new" ? hunk.newStart : hunk.oldStart;

const shift = (finding: Finding, by: number): Finding => ({
  ...finding,
  line: finding.line === null ? null : finding.line + by,
  endLine: finding.endLine === null ? null : finding.endLine + by,
});

/**
 * A finding as it is kept with its hunk: about the whole lines where it was found to belong, so that it
 * is found there again, its suggestion unchanged.
 */
export const toRelative = (found: AnchoredFinding, hunk: Hunk): Finding => {
  const { finding } = found;
  return shift(onItsLines(found), -startOf(hunk, finding.side));
};

/** The findings of a remembered hunk where the hunk stands now. */
export const recallFindings = ({ findings }: RememberedHunk, hunk: Hunk): readonly Finding[] =>
  findings.map((finding) => shift(finding, startOf(hunk, finding.side)));

const onItsLines = ({ finding, anchor }: AnchoredFinding): Finding => {
  if (anchor.kind !== "line") return finding;
  const [line, endLine] =
    finding.side === "new"
      ? [anchor.start.newLine, anchor.end.newLine]
      : [anchor.start.oldLine, anchor.end.oldLine];
  if (line === null || endLine === null) return finding;
  const quote = anchor.code.trim() === "" ? null : maskSecrets(anchor.code).text;
  return { ...finding, line, endLine: endLine === line ? null : endLine, quote };
};
