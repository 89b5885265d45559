import { type Translate, translator } from "../../messages/format-message.ts";
import type { DiffRefs } from "../../diff/position.ts";
import type { Publication } from "../discussion.ts";
import type { AnchoredFinding, Severity } from "../finding.ts";
import { unreviewedFiles } from "../unreviewed.ts";
import { summaryMarker } from "./marker.ts";
import { renderSummary } from "./render-summary.ts";
import type { SummaryFacts } from "./render-summary.ts";
import { renderEnd, renderThread } from "./render-thread.ts";
import type { ReviewPlan } from "./review-plan.ts";
import { severityRank } from "./strength.ts";

/** What a publication tells besides the plan, and how. */
export type PublicationFacts = SummaryFacts & {
  /** The configured flow's name, the same as in the plan's input. */
  readonly flow: string;
  readonly refs: DiffRefs;
  /** The configured language of the review, as people name it. */
  readonly language: string;
  readonly showConfidence: boolean;
  /** Labels to add; none by default. */
  readonly addLabels: readonly string[];
  /**
   * The commit status to set, null for none. It is `failed` when a finding that nobody resolved is at
   * least as severe as `failsFrom`, those below the confidence for a thread apart, and when a file was not
   * reviewed without a right to be left out.
   */
  readonly status: {
    readonly name: string;
    readonly ref?: string;
    readonly failsFrom: Severity | null;
  } | null;
};

/** Everything that a plan changes on a merge request, as texts that are safe to publish. Pure. */
export const renderPublication = (plan: ReviewPlan, facts: PublicationFacts): Publication => {
  const t = translator(facts.language);
  const context = { flow: facts.flow, refs: facts.refs, t, showConfidence: facts.showConfidence };
  const standing = [
    ...plan.open.map(({ found }) => found),
    ...plan.keep.filter(({ resolved }) => !resolved).map(({ found }) => found),
    ...plan.fold.map(({ found }) => found),
  ];
  const unreviewed = unreviewedFiles(facts.files).length;
  const unsure = new Set(plan.fold.flatMap(({ found, why }) => (why === "confidence" ? [found] : [])));
  return {
    open: plan.open.map((planned) => renderThread(planned, context)),
    reply: plan.resolve.map((ended) => renderEnd(ended, context)),
    summary: {
      noteId: plan.summaryNoteId,
      marker: summaryMarker(facts.flow),
      body: renderSummary(plan, facts, context),
    },
    builtOn: plan.builtOn,
    addLabels: facts.addLabels,
    status:
      facts.status === null
        ? null
        : {
            sha: facts.refs.headSha,
            ...(facts.status.ref === undefined ? {} : { ref: facts.status.ref }),
            name: facts.status.name,
            state:
              unreviewed > 0 ||
              isFailure(
                standing.filter((found) => !unsure.has(found)),
                facts.status.failsFrom,
              )
                ? "failed"
                : "success",
            description: describeStatus(t, standing.length, { unreviewed, files: facts.files.length }),
          },
  };
};

const describeStatus = (
  t: Translate,
  findings: number,
  { unreviewed, files }: { readonly unreviewed: number; readonly files: number },
): string => {
  if (unreviewed > 0) return t("status.not-reviewed", { unreviewed, files, findings });
  return findings === 0 ? t("status.no-findings") : t("status.findings", { count: findings });
};

const isFailure = (standing: readonly AnchoredFinding[], failsFrom: Severity | null): boolean =>
  failsFrom !== null &&
  standing.some(({ finding }) => severityRank(finding.severity) <= severityRank(failsFrom));
