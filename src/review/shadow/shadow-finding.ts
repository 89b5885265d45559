import { z } from "zod";
import { ToldFinding } from "../told-finding.ts";
import type { AnchoredFinding, Finding, Severity } from "../finding.ts";
import { placeOf } from "../findings/place-of.ts";
import { matterOf } from "../plan/fingerprint.ts";
import { severityRank } from "../plan/strength.ts";

/** A finding of a comparison, whoever reported it. */
export const ShadowFinding = ToldFinding.extend({
  /** The same for the same matter at the same code; null for one without a place. */
  fingerprint: z.string().nullable(),
});

/** The type of a ShadowFinding. */
export type ShadowFinding = z.infer<typeof ShadowFinding>;

/** The most findings of one side and the most characters of a text; a report stays below a megabyte. */
const SHADOW_LIMITS = { findings: 300, textLength: 2_000 } as const;

/**
 * The findings that a flow would tell, as they are compared: those that are at least so severe and certain,
 * the gravest first, as many as there is room for.
 */
export const toShadowFindings = (
  found: readonly AnchoredFinding[],
  least: { readonly severity: Severity; readonly confidence: number },
): readonly ShadowFinding[] =>
  found
    .filter(
      ({ finding }) =>
        severityRank(finding.severity) <= severityRank(least.severity) &&
        finding.confidence >= least.confidence,
    )
    .toSorted((left, right) => severityRank(left.finding.severity) - severityRank(right.finding.severity))
    .slice(0, SHADOW_LIMITS.findings)
    .map(toShadowFinding);

const toShadowFinding = (anchored: AnchoredFinding): ShadowFinding => {
  const { path, side, line, endLine } = placeOf(anchored);
  const { severity, category, confidence, title, body } = anchored.finding;
  const cut = (text: string): string => text.slice(0, SHADOW_LIMITS.textLength);
  return {
    path: cut(path),
    side,
    line,
    endLine,
    severity,
    category,
    confidence,
    title: cut(title),
    body: cut(body),
    fingerprint: matterOf(anchored)?.kin ?? null,
  };
};

/** A finding that was told before, as a flow would report it, so that it finds its place again. */
export const toReported = (told: Omit<ShadowFinding, "fingerprint">): Finding => ({
  path: told.path,
  side: told.side,
  line: told.line,
  endLine: told.endLine,
  severity: told.severity,
  category: told.category,
  confidence: told.confidence,
  title: told.title,
  body: told.body,
  quote: null,
  suggestion: null,
});
