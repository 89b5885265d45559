import { NO_HISTORY } from "../../review/decide.ts";
import { type Reason, reasonOf } from "../../base/reason.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { Secret } from "../../base/secret.ts";
import { addUsage, type FlowUsage, NO_USAGE } from "../../flow/flow-event.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import { anchorFindings } from "../../review/findings/anchor-findings.ts";
import { readNoteOutcome } from "../../review/read-outcome.ts";
import { ReviewResult } from "../../review/review-result.ts";
import { toReported, toShadowFindings } from "../../review/shadow/shadow-finding.ts";
import { figuresOf, type ShadowReport, type ShadowSide } from "../../review/shadow/shadow-report.ts";
import { parseStoredEvent } from "../../review/stored-event.ts";
import type { ShadowClaim, ShadowSettlement } from "../../store/shadows/shadow-store.ts";
import type { Claim, Run } from "../../store/store.ts";
import { openFindingsContext, underTeamRules } from "../findings/findings-context.ts";
import type { FindingsFlow } from "../findings/findings-flow.ts";
import { reviewChange } from "../findings/review-change.ts";
import { readChange } from "../findings/read-change.ts";
import type { ReviewFlow, TextFlow } from "../review-flow.ts";
import { StoredOutcome } from "../stored-outcome.ts";
import { readFlowStep, runFlow } from "../text-review.ts";
import { createReadOnlyForge } from "./read-only-forge.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";

/** What a shadow review needs of the other rooms. */
export type ShadowReviewParts = {
  /** Reads the merge request; what could write is taken out of it. */
  readonly forge: Forge;
  readonly shelf: Pick<SnapshotShelf, "find">;
  readonly gitlabUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a shadow run is tried at most. */
  readonly maxAttempts: number;
};

/** How long the attempts before this one took, in the shadow's journal. */
const ELAPSED_STEP = "elapsed";

/**
 * Has the candidate review the head that the run reviewed, and compares. Nothing is published, nothing of
 * the run changes. What may pass is thrown, with its retryability.
 */
export const reviewShadow = async (
  held: ShadowClaim,
  candidate: ReviewFlow,
  signal: AbortSignal,
  parts: ShadowReviewParts,
): Promise<ShadowSettlement> => {
  const startedMs = parts.clock.now();
  const earlier = await held.journal.read(ELAPSED_STEP);
  const spentMs = (): number =>
    (typeof earlier === "number" ? earlier : 0) + Math.max(0, parts.clock.now() - startedMs);
  try {
    const compared = await compare(held, candidate, signal, parts);
    if ("state" in compared) return compared;
    const report = { ...compared, candidate: { ...compared.candidate, elapsedMs: spentMs() } };
    return { state: "done", report, figures: figuresOf(report) };
  } catch (error) {
    if (!signal.aborted) await held.journal.write(ELAPSED_STEP, spentMs());
    throw error;
  }
};

const compare = async (
  held: ShadowClaim,
  candidate: ReviewFlow,
  signal: AbortSignal,
  { forge: whole, shelf, ...parts }: ShadowReviewParts,
): Promise<ShadowReport | ShadowSettlement> => {
  const { run } = held;
  const headSha = await reviewedHead(held);
  const known = headSha === null ? null : shelf.find(run, headSha);
  const mergeRequest = known?.mergeRequest ?? (await whole.fetchMergeRequest(refOf(run), signal));
  if (known === null && mergeRequest.headSha !== headSha) return skipped(reasonOf("shadow-head-moved"));
  if (known === null && mergeRequest.state !== "opened")
    return skipped(reasonOf("merge-request-not-open", { state: mergeRequest.state }));
  const place = { ...parts, forge: createReadOnlyForge(whole, known) };
  const claim = toClaim(held, signal);
  return candidate.contract === "findings"
    ? compareFindings(held, claim, candidate, mergeRequest, place)
    : compareTexts(held, claim, candidate, mergeRequest, place);
};

const refOf = ({ projectId, iid }: Run) => ({ projectId, iid });

const skipped = (reason: Reason): ShadowSettlement => ({ state: "skipped", reason });
const failed = (reason: Reason): ShadowSettlement => ({ state: "failed", reason });

/** The head that the run reviewed, which may be a newer one than it was made for. */
const reviewedHead = async ({ run, presentJournal }: ShadowClaim): Promise<string | null> => {
  const result = ReviewResult.safeParse(run.result);
  if (result.success) return result.data.headSha;
  return (await readFlowStep(presentJournal))?.headSha ?? null;
};

/** The run as the candidate sees it: with journal and memory of its own, and no token. */
const toClaim = ({ shadow, run, journal, memory }: ShadowClaim, signal: AbortSignal): Claim => ({
  run: { ...run, id: shadow.id, attempts: shadow.attempts, result: null, usage: NO_USAGE },
  token: null,
  journal,
  history: async () => NO_HISTORY,
  reviews: async () => undefined,
  memory,
  remembered: async () => [],
  // What happens in it is not drawn anywhere.
  record: async () => 0,
  signal,
});

type Place = Omit<ShadowReviewParts, "shelf">;

const compareFindings = async (
  { run, presentJournal }: ShadowClaim,
  claim: Claim,
  flow: FindingsFlow,
  mergeRequest: MergeRequest,
  { forge, clock, logger, maxAttempts }: Place,
): Promise<ShadowReport | ShadowSettlement> => {
  const result = ReviewResult.safeParse(run.result);
  if (!result.success) return skipped(reasonOf("shadow-no-findings"));
  const opened = await openFindingsContext({ claim, flow, forge, clock, logger, maxAttempts });
  const context = await underTeamRules(opened, mergeRequest);
  const told = await presentJournal.read("lessons");
  context.desk.tell(typeof told === "string" ? told : "");
  const change = await readChange(context, mergeRequest);
  const reviewed = await reviewChange(context, change);
  if (reviewed.kind === "failed") return failed(reviewed.reason);
  const { least } = context.flow;
  const present = anchorFindings(result.data.findings.map(toReported), change.files);
  return {
    present: {
      ...sideOf(await presentUsage(presentJournal), result.data.remarks),
      findings: [...toShadowFindings(present, least)],
      elapsedMs: elapsedOf(run),
    },
    candidate: {
      ...sideOf(context.desk.meter.total(), reviewed.remarks),
      findings: [...toShadowFindings(reviewed.findings, least)],
    },
  };
};

const sideOf = (usage: FlowUsage, remarks: readonly Reason[]): ShadowSide => ({
  findings: [],
  text: null,
  usage,
  elapsedMs: 0,
  remarks: remarks.slice(0, 20),
});

/** From the first attempt to the end; the posting is in it. */
const elapsedOf = ({ startedAtMs, finishedAtMs }: Run): number =>
  startedAtMs === null || finishedAtMs === null ? 0 : Math.max(0, finishedAtMs - startedAtMs);

/** What the present flow took for its findings, without the walk-through, which the candidate does not write. */
const presentUsage = async (journal: ShadowClaim["presentJournal"]): Promise<FlowUsage> => {
  let usage = NO_USAGE;
  for (const [key, value] of await journal.entries("asked:")) {
    const outcome = StoredOutcome.safeParse(value);
    if (outcome.success && !key.startsWith("asked:summary")) usage = addUsage(usage, outcome.data.usage);
  }
  return usage;
};

/** More of a text than this is not kept. */
const MOST_TEXT = 60_000;

const compareTexts = async (
  { run, presentJournal }: ShadowClaim,
  claim: Claim,
  flow: TextFlow,
  mergeRequest: MergeRequest,
  { forge, gitlabUrl, logger }: Place,
): Promise<ShadowReport | ShadowSettlement> => {
  const before = await readFlowStep(presentJournal);
  const event = parseStoredEvent(run.event);
  if (before === null || event === null) return skipped(reasonOf("shadow-no-text"));
  // No input of a flow with a candidate holds the token; the configuration refuses that.
  const review = { claim, event, flow, token: new Secret("none"), forge, gitlabUrl, logger };
  const after = (await readFlowStep(claim.journal)) ?? (await runFlow(review, mergeRequest));
  const reading = readNoteOutcome(after.outcome, flow.output);
  if (reading.kind === "failed") return failed(reading.reason);
  const old = readNoteOutcome(before.outcome, flow.output);
  const text = (markdown: string | null): string => (markdown ?? "").slice(0, MOST_TEXT);
  return {
    present: {
      ...sideOf(before.outcome.usage, before.remarks),
      text: text(old.kind === "done" ? old.markdown : null),
      elapsedMs: elapsedOf(run),
    },
    candidate: { ...sideOf(after.outcome.usage, after.remarks), text: text(reading.markdown) },
  };
};
