import type { AnchoredFinding, Category, Severity } from "../../review/finding.ts";
import { placeOf } from "../../review/findings/place-of.ts";
import type { LineRange } from "../set/eval-case.ts";

/** What a flow told of a case. Texts are as the model wrote them: untrusted. */
export type Reported = {
  readonly path: string;
  readonly side: "new" | "old";
  /** Null for a finding about a file as a whole, or about the change. */
  readonly lines: LineRange | null;
  readonly severity: Severity;
  readonly category: Category;
  readonly title: string;
  readonly body: string;
};

/** A finding with the lines that it would have been published on. */
export const toReported = (found: AnchoredFinding): Reported => {
  const { path, side, line, endLine } = placeOf(found);
  const { severity, category, title, body } = found.finding;
  const lines = line === null ? null : { first: line, last: Math.max(line, endLine ?? line) };
  return { path, side, lines, severity, category, title, body };
};
