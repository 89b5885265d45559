import { SEVERITIES } from "../finding.ts";
import type { AnchoredFinding, Severity } from "../finding.ts";

/** How strong a severity is; the strongest has the smallest number. */
export const severityRank = (severity: Severity): number => SEVERITIES.indexOf(severity);

/** Orders the strongest first: by severity, then confidence, then place; a total order over what differs. */
export const byStrength = (left: AnchoredFinding, right: AnchoredFinding): number =>
  severityRank(left.finding.severity) - severityRank(right.finding.severity) ||
  right.finding.confidence - left.finding.confidence ||
  byPlace(left, right);

/** Orders by file and line, then by what is said: the order of the input never matters. */
const byPlace = (left: AnchoredFinding, right: AnchoredFinding): number =>
  compare(left.finding.path, right.finding.path) ||
  lineOf(left) - lineOf(right) ||
  compare(left.finding.title, right.finding.title) ||
  compare(JSON.stringify(left.finding), JSON.stringify(right.finding));

/** The line that a reader would look at, 0 for none. */
const lineOf = ({ finding, anchor }: AnchoredFinding): number => {
  if (anchor.kind === "file" || anchor.kind === "summary") return finding.line ?? 0;
  return anchor.start.newLine ?? anchor.start.oldLine ?? 0;
};

/** By code units: the same on every machine, whatever its language. */
const compare = (left: string, right: string): number => (left < right ? -1 : Number(left > right));
