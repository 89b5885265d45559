import type { Reason } from "../../base/reason.ts";
import { createHash } from "node:crypto";
import type { FlowUsage } from "../../flow/flow-event.ts";
import type { AnchoredFinding, Finding, Severity } from "../../review/finding.ts";
import { type Place, placeOf } from "../../review/findings/place-of.ts";
import { fingerprint, matterOf } from "../../review/plan/fingerprint.ts";
import { byStrength, severityRank } from "../../review/plan/strength.ts";
import type { FileReceipt } from "../../review/receipt.ts";

/** A finding with what every format says of it. Texts are as the model wrote them: untrusted. */
export type LocalFinding = Pick<
  Finding,
  "severity" | "category" | "confidence" | "title" | "body" | "suggestion" | "unverified"
> &
  Place & {
    /** The same for the same matter in another review, wherever its lines have moved; unique in a report. */
    readonly fingerprint: string;
  };

/** What a local review came to. */
export type LocalReport = {
  /** What was reviewed, such as `main...HEAD`. */
  readonly name: string;
  /** The folder of the working tree; null where the files are not here. */
  readonly root: string | null;
  readonly flow: string;
  /** By path, then line. */
  readonly findings: readonly LocalFinding[];
  /** Findings that are below what the flow is set to tell. */
  readonly below: number;
  /** Every changed file. */
  readonly receipt: readonly FileReceipt[];
  /** Files that git does not know, which no diff holds. */
  readonly untracked: readonly string[];
  /** What did not go as it should. */
  readonly remarks: readonly Reason[];
  /** What of the rules has no effect. */
  readonly notices: readonly Reason[];
  readonly usage: FlowUsage;
};

/** Whether a report has a finding that is at least so severe. */
export const hasAtLeast = ({ findings }: Pick<LocalReport, "findings">, least: Severity): boolean =>
  findings.some(({ severity }) => severityRank(severity) <= severityRank(least));

/** Gives findings their lines and fingerprints, by path and line. */
export const toLocalFindings = (found: readonly AnchoredFinding[]): readonly LocalFinding[] => {
  const seen = new Map<string, number>();
  return found
    .toSorted(byStrength)
    .map((one): LocalFinding => {
      const kin = matterOf(one)?.kin ?? kinOfText(one.finding);
      const ordinal = seen.get(kin) ?? 0;
      seen.set(kin, ordinal + 1);
      const { severity, category, confidence, title, body, suggestion } = one.finding;
      return {
        severity,
        category,
        confidence,
        title,
        body,
        suggestion,
        ...(one.finding.unverified === true ? { unverified: true } : {}),
        ...placeOf(one),
        fingerprint: fingerprint(kin, ordinal),
      };
    })
    .toSorted(byPlace);
};

const kinOfText = ({ path, category, title }: Finding): string =>
  createHash("sha256")
    .update(JSON.stringify([path, category, title]))
    .digest("hex")
    .slice(0, 32);

const byPlace = (left: LocalFinding, right: LocalFinding): number =>
  left.path === right.path ? left.nearLine - right.nearLine : left.path < right.path ? -1 : 1;
