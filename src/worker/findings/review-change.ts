import { causeOf, type Reason, reasonOf } from "../../base/reason.ts";
import type { AnchoredFinding } from "../../review/finding.ts";
import { anchorFindings } from "../../review/findings/anchor-findings.ts";
import { mergeFindings } from "../../review/findings/merge-findings.ts";
import { type HunkFates, buildReceipt } from "../../review/build-receipt.ts";
import { recallFindings } from "../../review/memory/remembered-hunk.ts";
import type { FileReceipt } from "../../review/receipt.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import type { ReviewHunk } from "../../review/units/review-unit.ts";
import type { FindingsContext } from "./findings-context.ts";
import { fitUnits } from "./fit-units.ts";
import { type Change, selectFor } from "./read-change.ts";
import { contextLimitOf, type UnitResult, reviewUnits } from "./review-units.ts";
import { NOTHING_SAID, type SaidText, prepareSaid } from "./said-text.ts";

/** What is known of a change after its review. */
export type ReviewedChange = {
  readonly kind: "reviewed";
  /** The change as it was cut in the end. */
  readonly change: Change;
  /** Everything that holds for this head, remembered findings included. */
  readonly findings: readonly AnchoredFinding[];
  readonly fates: HunkFates;
  /** Every changed file. */
  readonly receipt: readonly FileReceipt[];
  readonly counts: ReviewCounts;
  /** What did not go as it should; the review is complete without any. */
  readonly remarks: readonly Reason[];
  /** What of the team's rules has no effect; the review is as it should be all the same. */
  readonly notices: readonly Reason[];
};

/** How much was reviewed in this attempt, and what became of the reports. */
type ReviewCounts = {
  readonly hunks: number;
  /** Hunks that were known already. */
  readonly remembered: number;
  readonly units: number;
  readonly failedUnits: number;
  readonly rejected: number;
  readonly refuted: number;
  readonly unverified: number;
};

/**
 * Has everything reviewed that is not known yet. `failed` when units failed and nothing at all is known
 * of the change: a review that says nothing would look like praise.
 */
export const reviewChange = async (
  context: FindingsContext,
  read: Change,
): Promise<ReviewedChange | { readonly kind: "failed"; readonly reason: Reason }> => {
  const { change, results, tooLarge, recalled } = await reviewPacked(context, read);
  const { hunks: all } = change.selection;
  const failures = results.flatMap(({ outcome }) => (outcome.kind === "failed" ? [outcome.reason] : []));
  const fates = { reviewed: await context.hunks.recall(all), omitted: omissionsOf(results, tooLarge) };
  if (failures[0] !== undefined && fates.reviewed.size === 0) {
    const detail = causeOf(failures[0]);
    return { kind: "failed", reason: reasonOf("no-part-reviewed", { parts: failures.length, detail }) };
  }
  const { failure, noticesFor } = context.rules;
  const notices = noticesFor(change.diff.files.map(pathOf));
  const remarks = [...(failure === null ? [] : [failure]), ...remarksOf(results, failures)];
  return {
    kind: "reviewed",
    change,
    findings: findingsOf(change, all, fates),
    fates,
    receipt: buildReceipt(change.diff.files, change.selection, fates),
    counts: countResults(all.length, recalled, results),
    remarks,
    notices,
  };
};

type PackedReview = {
  readonly change: Change;
  readonly results: readonly UnitResult[];
  readonly tooLarge: readonly ReviewHunk[];
  /** How many hunks were known before. */
  readonly recalled: number;
};

/**
 * Reviews what is not known yet. Where a model takes no prompt of that length, what is left is cut into
 * smaller parts and asked for again, until it fits or a part would hold nothing.
 */
const reviewPacked = async (context: FindingsContext, read: Change): Promise<PackedReview> => {
  const { packing } = context.flow;
  const done: UnitResult[] = [];
  let change = read;
  let recalled: number | null = null;
  for (;;) {
    const { unitTokens, selection } = change;
    const { hunks: all } = selection;
    const remembered = await context.hunks.recall(all);
    recalled ??= remembered.size;
    const unknown = all.filter(({ digest }) => !remembered.has(digest));
    const { results, tooLarge } = await reviewUnknown(context, change, unknown);
    const limit = contextLimitOf(results);
    const next = limit === null ? null : packing.shrink(unitTokens, limit);
    if (next === null) return { change, results: [...done, ...results], tooLarge, recalled };
    context.logger.warn(
      { unitTokens: next, window: limit?.windowTokens },
      "Parts made smaller for the model",
    );
    done.push(...results.filter(({ outcome }) => outcome.kind === "reviewed"));
    change = { ...change, unitTokens: next, selection: selectFor(context, change.diff, next) };
  }
};

const reviewUnknown = async (
  context: FindingsContext,
  change: Change,
  unknown: readonly ReviewHunk[],
): Promise<{ readonly results: readonly UnitResult[]; readonly tooLarge: readonly ReviewHunk[] }> => {
  if (unknown.length === 0) return { results: [], tooLarge: [] };
  const { units, tooLarge } = fitUnits(unknown, {
    unitTokens: change.unitTokens,
    maxLength: await longestDiff(context),
    nonce: context.nonce,
  });
  const said = await readSaid(context, change);
  return { results: await reviewUnits(context, change, units, said), tooLarge };
};

/** The most characters of a diff that every flow takes which is shown one; null without a limit. */
const longestDiff = async ({ desk, flow }: FindingsContext): Promise<number | null> => {
  const parts = [flow, ...flow.passes, ...(flow.verify === null ? [] : [flow.verify])];
  const inputs = await Promise.all(parts.map((part) => desk.declared(part, "diff")));
  const limits = inputs.flatMap((input) => input?.maxLength ?? []).filter((limit) => limit > 0);
  return limits.length === 0 ? null : Math.min(...limits);
};

/** What people said already, where the flow asks for it; nothing of what was opened just now. */
const readSaid = async (
  { flow, desk, forge, claim }: FindingsContext,
  { mergeRequest, diff, files }: Change,
): Promise<SaidText> => {
  const isNew = claim.run.trigger === "opened" && claim.run.attempts === 1 && claim.run.waits === 0;
  if (isNew || (await desk.declared(flow, "said")) === null) return NOTHING_SAID;
  const discussions = await forge.fetchDiscussions(mergeRequest.ref, claim.signal);
  return prepareSaid(discussions, flow.name, { headSha: diff.refs.headSha, files });
};

const omissionsOf = (
  results: readonly UnitResult[],
  tooLarge: readonly ReviewHunk[],
): ReadonlyMap<string, Reason> =>
  new Map([
    ...tooLarge.map(({ digest }) => [digest, reasonOf("too-large")] as const),
    ...results.flatMap(({ unit, outcome }) => {
      if (outcome.kind === "reviewed") return [];
      const reason = outcome.kind === "failed" ? outcome.reason : reasonOf("over-limit");
      return unit.hunks.map(({ digest }) => [digest, reason] as const);
    }),
  ]);

const remarksOf = (results: readonly UnitResult[], failures: readonly Reason[]): readonly Reason[] => {
  const left = results.filter(({ outcome }) => outcome.kind === "over-budget").length;
  const told = results.flatMap(({ outcome }) => (outcome.kind === "reviewed" ? outcome.remarks : []));
  const parts = results.length;
  const [first] = failures;
  const all = [
    ...(first === undefined
      ? []
      : [reasonOf("parts-failed", { failed: failures.length, parts, detail: causeOf(first) })]),
    ...(left === 0 ? [] : [reasonOf("parts-over-limit", { left, parts })]),
    ...told,
  ];
  return [...new Map(all.map((remark) => [JSON.stringify(remark), remark])).values()];
};

const findingsOf = (
  change: Change,
  hunks: readonly ReviewHunk[],
  { reviewed }: HunkFates,
): readonly AnchoredFinding[] => {
  const recalled = hunks.flatMap(({ digest, hunk }) => {
    const remembered = reviewed.get(digest);
    return remembered === undefined ? [] : recallFindings(remembered, hunk);
  });
  return mergeFindings(anchorFindings(recalled, change.files));
};

const countResults = (hunks: number, remembered: number, results: readonly UnitResult[]): ReviewCounts => {
  const sum = (name: "rejected" | "refuted" | "unverified"): number =>
    results.reduce((total, { outcome }) => total + (outcome.kind === "reviewed" ? outcome[name] : 0), 0);
  return {
    hunks,
    remembered,
    units: results.length,
    failedUnits: results.filter(({ outcome }) => outcome.kind === "failed").length,
    rejected: sum("rejected"),
    refuted: sum("refuted"),
    unverified: sum("unverified"),
  };
};
