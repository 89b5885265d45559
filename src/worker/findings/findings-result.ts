import type { Reason } from "../../base/reason.ts";
import { type Json, JsonObject } from "../../base/json.ts";
import type { AnchoredFinding } from "../../review/finding.ts";
import type { ReviewPlan } from "../../review/plan/review-plan.ts";
import { RESULT_LIMITS, type ReviewResult } from "../../review/review-result.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { ReviewedChange } from "./review-change.ts";
import type { Published } from "./publish-review.ts";
import type { Change } from "./read-change.ts";

/** What a finished review leaves behind for pages, cut to a bounded size. */
export const findingsResult = (
  { desk }: Pick<FindingsContext, "desk">,
  { diff }: Change,
  reviewed: ReviewedChange,
  { plan, refused, summaryNoteId }: Published & { readonly kind: "published" },
  remarks: readonly Reason[],
): Json => {
  const { files, findings, remarks: most, textLength } = RESULT_LIMITS;
  const cut = (text: string): string => text.slice(0, textLength);
  const result: ReviewResult = {
    kind: "findings",
    headSha: diff.refs.headSha,
    baseSha: diff.refs.baseSha,
    summaryNoteId,
    counts: {
      files: reviewed.receipt.length,
      opened: plan.open.length,
      kept: plan.keep.length,
      resolved: plan.resolve.length,
      folded: plan.fold.length,
      refused: refused.length,
      ...reviewed.counts,
    },
    remarks: remarks.slice(0, most),
    files: reviewed.receipt.slice(0, files).map(({ path, outcome }) => ({
      path: cut(path),
      outcome,
    })),
    findings: listFindings(plan).slice(0, findings),
    usage: desk.meter.total(),
  };
  return JsonObject.parse(result);
};

type Listed = ReviewResult["findings"][number];

const listFindings = (plan: ReviewPlan): readonly Listed[] => [
  ...plan.open.map(({ found }) => describe(found, "opened", null, null)),
  ...plan.keep.map(({ found, discussionId }) => describe(found, "kept", null, discussionId)),
  ...plan.fold.map(({ found, why }) => describe(found, "folded", why, null)),
];

const describe = (
  { finding }: AnchoredFinding,
  state: Listed["state"],
  why: Listed["why"],
  discussionId: string | null,
): Listed => ({
  path: finding.path,
  side: finding.side,
  line: finding.line,
  endLine: finding.endLine,
  severity: finding.severity,
  category: finding.category,
  confidence: finding.confidence,
  title: finding.title,
  body: finding.body.slice(0, RESULT_LIMITS.textLength),
  state,
  why,
  discussionId,
});
