import { type Reason, reasonOf } from "../../base/reason.ts";
import type { MergeRequest } from "../../review/forge.ts";
import { narrowTriggers } from "../../review/rules/apply-settings.ts";
import { readMarkerOf } from "../../review/plan/marker.ts";
import { decideClaimed } from "../../review/decide.ts";
import type { Settlement } from "../../store/store.ts";
import {
  type FindingsContext,
  type FindingsReview,
  openFindingsContext,
  underTeamRules,
} from "./findings-context.ts";
import { findingsResult } from "./findings-result.ts";
import { type ReviewedChange, reviewChange } from "./review-change.ts";
import { type Published, publishReview } from "./publish-review.ts";
import { type Change, readChange } from "./read-change.ts";
import { type Summary, summarize } from "./summarize.ts";

/** How many heads one attempt reviews when commits are added meanwhile. */
const MAX_ROUNDS = 2;

/**
 * Reviews a merge request under the contract `findings`: what is new is reviewed by the flows, together
 * with what is remembered it becomes a plan, and the plan is published. Every step can be repeated: what
 * was reviewed is in the memory, what was published is found again by its marker. When the head moves
 * meanwhile, the new one is reviewed instead, which costs only what is new in it. A review that the
 * repository's triggers or the size of the change keep away is not made.
 */
export const reviewFindings = async (
  review: FindingsReview,
  mergeRequest: MergeRequest,
): Promise<Settlement> => {
  const opened = await openFindingsContext(review);
  let current = mergeRequest;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const { context, reasonAgainst } = underTriggers(review, await underTeamRules(opened, current));
    const change = await readChange(context, current);
    const unwanted = reasonAgainst(change) ?? (await reasonOfNoChanges(context, change));
    if (unwanted !== null) return settleUnwanted(unwanted);
    await tellLessons(context);
    const reviewed = await reviewChange(context, change);
    if (reviewed.kind === "failed") return settleFailed(context, reviewed.reason);
    const summary = await summarize(context, change, reviewed);
    const told = { ...reviewed, notices: [...reviewed.notices, ...context.desk.fallbacks()] };
    const published = await publishReview(context, change, told, summary);
    if (published.kind === "published") return settleDone(context, change, told, summary, published);
    if (published.kind === "ended") return settleEnded(published.mergeRequest);
    current = published.mergeRequest;
    const { headSha, targetBranch } = current;
    await context.claim.reviews({ headSha, targetBranch });
    context.logger.info({ headSha: current.headSha }, "Head moved, review goes on with the new one");
  }
  return {
    state: "retry",
    reason: reasonOf("head-moved"),
    retryAfterMs: undefined,
  };
};

/** From here on every question of the run is asked with what people taught the reviewer. */
const tellLessons = async ({ lessons, desk, claim, forge, logger }: FindingsContext): Promise<void> => {
  const { journal, signal, run } = claim;
  const project = { id: run.projectId, path: run.projectPath };
  desk.tell((await lessons?.told({ project, forge, journal, signal, logger })) ?? "");
};

/**
 * Why a change without files gets no review; null where there are files, and where words of ours from an earlier
 * head are to be brought up to date.
 */
const reasonOfNoChanges = async (
  { forge, flow, claim }: FindingsContext,
  { diff, mergeRequest }: Change,
): Promise<Reason | null> => {
  if (diff.files.length > 0) return null;
  if (mergeRequest.noteCount === 0) return reasonOf("no-changes");
  const discussions = await forge.fetchDiscussions(mergeRequest.ref, claim.signal);
  const isOurs = discussions.some(({ notes }) =>
    notes.some((note) => readMarkerOf(note, flow.name) !== null),
  );
  return isOurs ? null : reasonOf("no-changes");
};

/** A merge request that is open no more needs no review. */
export const settleEnded = ({ state }: Pick<MergeRequest, "state">): Settlement => ({
  state: "cancelled",
  reason: reasonOf("merge-request-not-open", { state }),
});

/** A review that is not wanted is not made. */
export const settleUnwanted = (reason: Reason): Settlement => ({ state: "cancelled", reason });

/** What keeps a review away by the repository's own triggers; what of them has no effect is a notice. */
const underTriggers = (
  { asked }: FindingsReview,
  context: FindingsContext,
): {
  readonly context: FindingsContext;
  /** Why a review is not wanted by what is known now; null when it is. */
  readonly reasonAgainst: (change: Change) => Reason | null;
} => {
  if (asked === null || asked === undefined) return { context, reasonAgainst: () => null };
  const { rules } = context;
  const narrowed = narrowTriggers(asked.rules, rules.settings);
  const noticesFor = (paths: readonly string[]) => [...rules.noticesFor(paths), ...narrowed.problems];
  return {
    context: { ...context, rules: { ...rules, noticesFor } },
    reasonAgainst: ({ mergeRequest, files }) =>
      decideClaimed({ ...asked.known, mergeRequest, changedFiles: files.length }, narrowed.rules),
  };
};

const settleFailed = ({ desk }: FindingsContext, reason: Reason): Settlement => ({
  state: "failed",
  reason,
  usage: desk.meter.total(),
});

const settleDone = (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
  { remark, met }: Summary,
  published: Published & { readonly kind: "published" },
): Settlement => {
  const remarks = remark === null ? reviewed.remarks : [...reviewed.remarks, remark];
  return {
    state: remarks.length > 0 ? "partial-succeeded" : "succeeded",
    reason: remarks[0] ?? null,
    result: findingsResult(context, change, reviewed, published, [...remarks, ...reviewed.notices]),
    usage: context.desk.meter.total(),
    ...(met === undefined ? {} : { met }),
  };
};
