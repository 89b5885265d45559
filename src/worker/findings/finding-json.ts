import type { JsonObject } from "../../base/json.ts";
import type { AnchoredFinding } from "../../review/finding.ts";

/** A finding as a flow is told of it, under the names that flows themselves report with. */
export const describeForModel = ({ finding }: AnchoredFinding): JsonObject => ({
  path: finding.path,
  line: finding.line,
  end_line: finding.endLine,
  side: finding.side,
  quote: finding.quote,
  severity: finding.severity,
  category: finding.category,
  title: finding.title,
  body: finding.body,
  suggestion: finding.suggestion,
});
