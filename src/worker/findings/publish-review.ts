import type { JsonObject } from "../../base/json.ts";
import type { FlowUsage } from "../../flow/flow-event.ts";
import { FlowUsage as StoredUsage } from "../../flow/flow-usage.ts";
import { coverage } from "../../review/build-receipt.ts";
import {
  DISMISSED_PREFIX,
  type Dismissed,
  parseDismissed,
  parseSeen,
  SEEN_THREADS,
  type SeenThread,
  toStoredDismissed,
  toStoredSeen,
} from "../../review/conversation/dismissed.ts";
import type { Discussion, Publication, PublicationReceipt } from "../../review/discussion.ts";
import type { MergeRequest } from "../../review/forge.ts";
import { matterOf } from "../../review/plan/fingerprint.ts";
import { ownThreads, threadKey } from "../../review/plan/marker.ts";
import { planReview } from "../../review/plan/plan-review.ts";
import { type PublicationFacts, renderPublication } from "../../review/plan/render-publication.ts";
import type { ReviewPlan } from "../../review/plan/review-plan.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { ReviewedChange } from "./review-change.ts";
import type { Change } from "./read-change.ts";
import type { Summary } from "./summarize.ts";

/** What became of a review that was to be published. */
export type Published =
  | {
      readonly kind: "published";
      /** What was done; refused threads are folded. */
      readonly plan: ReviewPlan;
      readonly refused: readonly string[];
      readonly summaryNoteId: number | null;
    }
  /** Nothing was published: the positions would be those of an older diff. */
  | { readonly kind: "head-moved"; readonly mergeRequest: MergeRequest }
  | { readonly kind: "ended"; readonly mergeRequest: MergeRequest };

/**
 * Publishes what was reviewed, planned from the discussions as they are at this moment. What GitLab
 * refuses to place moves to the summary, which is then sent once more.
 */
export const publishReview = async (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
  summary: Summary,
): Promise<Published> => {
  const { forge, claim } = context;
  const { ref } = change.mergeRequest;
  const mergeRequest = await forge.fetchMergeRequest(ref, claim.signal);
  if (mergeRequest.state !== "opened") return { kind: "ended", mergeRequest };
  if (mergeRequest.headSha !== change.diff.refs.headSha) return { kind: "head-moved", mergeRequest };
  const { plan, discussions, seen } = await makePlan(context, change, reviewed, mergeRequest);
  const facts = await factsOf(context, change, reviewed, summary);
  const publication = renderPublication(plan, facts);
  claim.signal.throwIfAborted();
  const receipt = await forge.publish(ref, publication, claim.signal);
  const refused = refusedOf(publication, receipt);
  if (refused.size > 0) await publishRefused(context, change, foldRefused(plan, refused, receipt), facts);
  const done = refused.size > 0 ? foldRefused(plan, refused, receipt) : plan;
  const { headSha } = change.diff.refs;
  await rememberThreads(context, seen, done, receipt);
  await context.lessons?.learn({ ref, flow: context.flow.name, headSha, discussions, plan: done });
  return {
    kind: "published",
    plan: done,
    refused: [...refused.values()],
    summaryNoteId: receipt.summary?.noteId ?? plan.summaryNoteId,
  };
};

type Planned = {
  readonly plan: ReviewPlan;
  readonly discussions: readonly Discussion[];
  /** Threads that were there for this plan, or that an earlier one saw and that are not known to be gone. */
  readonly seen: readonly SeenThread[];
};

const makePlan = async (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
  { ref, noteCount }: MergeRequest,
): Promise<Planned> => {
  const { forge, claim, flow } = context;
  // Where nobody wrote anything there is nothing to read; a later attempt is about what the first one wrote.
  const isUnspoken = noteCount === 0 && claim.run.attempts === 1 && claim.run.waits === 0;
  const discussions = isUnspoken ? [] : await forge.fetchDiscussions(ref, claim.signal);
  const { seen, missing } = await lookForThreads(context, ref, discussions);
  const plan = planReview({
    flow: flow.name,
    refs: change.diff.refs,
    files: change.files,
    findings: reviewed.findings,
    discussions,
    dismissed: [...parseDismissed(await claim.memory.entries(DISMISSED_PREFIX)), ...missing],
    isCovered: coverage(change.diff.files, reviewed.receipt),
    maxThreads: flow.limits.threads,
    leastSeverity: flow.least.severity,
    leastConfidence: flow.least.confidence,
  });
  return { plan, discussions, seen };
};

/**
 * What became of the threads that the last review saw. One whose note GitLab has no more was deleted by somebody:
 * its finding is dismissed. Where only the list lacks it (a list is read page by page, while others write and
 * delete), it is not said again either, and looked for the next time.
 */
const lookForThreads = async (
  { forge, claim, flow, clock }: FindingsContext,
  ref: MergeRequest["ref"],
  discussions: readonly Discussion[],
): Promise<{ readonly seen: readonly SeenThread[]; readonly missing: readonly Dismissed[] }> => {
  // One that we ended may be tidied away: should its mistake come back, that is news.
  const standing = ownThreads(discussions, flow.name);
  const seen: SeenThread[] = standing
    .filter(({ resolvedByUs }) => !resolvedByUs)
    .map(({ fingerprint, matter, noteId }) => ({ fingerprint, matter, noteId }));
  const missing: Dismissed[] = [];
  for (const thread of parseSeen(await claim.memory.read(SEEN_THREADS))) {
    const { fingerprint, matter, noteId } = thread;
    if (standing.some((own) => own.fingerprint === fingerprint)) continue;
    missing.push({ fingerprint, matter });
    if (await forge.hasNote(ref, noteId, claim.signal)) seen.push(thread);
    else
      await claim.memory.write(
        `${DISMISSED_PREFIX}${fingerprint}`,
        toStoredDismissed({ fingerprint, matter }, { why: "deleted", byUserId: null, atMs: clock.now() }),
      );
  }
  return { seen, missing };
};

/** Keeps which threads stand now, without those that the plan ended. */
const rememberThreads = async (
  { claim, flow }: FindingsContext,
  seen: readonly SeenThread[],
  { open, resolve }: ReviewPlan,
  { threads }: PublicationReceipt,
): Promise<void> => {
  const ended = new Set(resolve.map(({ fingerprint }) => fingerprint));
  const opened = open.flatMap(({ fingerprint, found }): SeenThread[] => {
    const outcome = threads.get(threadKey(flow.name, fingerprint));
    const matter = matterOf(found);
    const noteId = outcome === undefined || outcome.kind === "refused" ? null : outcome.noteId;
    return matter === null || noteId === null ? [] : [{ fingerprint, matter, noteId }];
  });
  const standing = [...seen.filter(({ fingerprint }) => !ended.has(fingerprint)), ...opened];
  await claim.memory.write(SEEN_THREADS, toStoredSeen(standing));
};

const factsOf = async (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
  { walkthrough, remark }: Summary,
): Promise<PublicationFacts> => {
  const { flow } = context;
  const { rejected, refuted } = reviewed.counts;
  const { statusRef } = change.mergeRequest;
  return {
    flow: flow.name,
    refs: change.diff.refs,
    language: flow.language,
    showConfidence: false,
    addLabels: flow.publish.labels,
    status: flow.publish.status
      ? {
          name: `reviewflow/${flow.name}`,
          ...(statusRef === undefined ? {} : { ref: statusRef }),
          failsFrom: "critical",
        }
      : null,
    walkthrough,
    files: reviewed.receipt,
    remarks: [...reviewed.remarks, ...(remark === null ? [] : [remark]), ...reviewed.notices],
    rejected,
    refuted,
    usage: await standingUsage(context),
  };
};

/**
 * What the review that stands has cost: a run that found everything known already repeats what the last
 * one said, so that it leaves the summary as it is.
 */
const standingUsage = async ({ desk, claim }: FindingsContext): Promise<FlowUsage | null> => {
  const usage = desk.meter.total();
  if (usage.totalTokens === 0 && (usage.totalPrice ?? 0) === 0) {
    const known = StoredUsage.safeParse(await claim.memory.read("usage"));
    return known.success ? known.data : null;
  }
  await claim.memory.write("usage", toJson(usage));
  return usage;
};

const toJson = (usage: FlowUsage): JsonObject => ({ ...usage });

/** Why threads were refused, by their index in the plan. */
const refusedOf = ({ open }: Publication, { threads }: PublicationReceipt): ReadonlyMap<number, string> =>
  new Map(
    open.flatMap(({ marker }, index): [number, string][] => {
      const outcome = threads.get(marker);
      return outcome?.kind === "refused" ? [[index, outcome.reason]] : [];
    }),
  );

const foldRefused = (
  plan: ReviewPlan,
  refused: ReadonlyMap<number, string>,
  { summary }: PublicationReceipt,
): ReviewPlan => ({
  ...plan,
  open: plan.open.filter((_, index) => !refused.has(index)),
  fold: [
    ...plan.open.flatMap(({ found }, index) =>
      refused.has(index) ? [{ found, why: "no-place" as const }] : [],
    ),
    ...plan.fold,
  ],
  summaryNoteId: summary?.noteId ?? plan.summaryNoteId,
});

const publishRefused = async (
  { forge, claim, logger }: FindingsContext,
  { mergeRequest }: Change,
  plan: ReviewPlan,
  facts: PublicationFacts,
): Promise<void> => {
  logger.warn({ count: plan.fold.length }, "Threads refused, told in the summary");
  const { summary } = renderPublication(plan, facts);
  await forge.publish(
    mergeRequest.ref,
    { open: [], reply: [], builtOn: [], summary, addLabels: [], status: null },
    claim.signal,
  );
};
