import type { Reason } from "../../base/reason.ts";
import { createHash } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { reasonOfError } from "../../base/errors.ts";
import { createMemoryJournal, type Journal } from "../../base/journal.ts";
import { type FlowUsage, NO_USAGE } from "../../flow/flow-event.ts";
import type { LocalReviewer } from "../../wiring/local-reviewer.ts";
import { inRunScope } from "../replay/run-scope.ts";
import { matchFindings, type Match } from "../match/match-findings.ts";
import type { Judge } from "../match/judge.ts";
import { type Reported, toReported } from "../match/reported.ts";
import type { EvalCase } from "../set/eval-case.ts";
import { createCaseForge, toMergeRequest } from "./case-forge.ts";

/** A flow that is measured. */
export type MeasuredFlow = {
  /** As the command names it; unique. */
  readonly name: string;
  readonly reviewer: LocalReviewer;
};

/** What one flow said of one case, once. */
export type CaseRun = {
  readonly case: EvalCase;
  readonly flow: string;
  /** Counted from 1. */
  readonly repeat: number;
  /** Why nothing could be reviewed; null when something could. */
  readonly failure: Reason | null;
  readonly reported: readonly Reported[];
  /** By position. */
  readonly byPosition: readonly Match[];
  /** By the judge; null without one, and where it failed. */
  readonly byMeaning: readonly Match[] | null;
  readonly judgeFailure: Reason | null;
  readonly usage: FlowUsage;
  readonly judgeUsage: FlowUsage;
  readonly wallMs: number;
  readonly modelMs: number;
  /** What did not go as it should. */
  readonly remarks: readonly Reason[];
};

/** How runs are made. */
export type RunOptions = {
  readonly judge: Judge | null;
  /** How many lines may lie between a finding and what was expected. */
  readonly tolerance: number;
  readonly signal: AbortSignal;
};

/**
 * Has a flow review a case and matches what it found. A review that fails is a run without findings; that
 * a recorded answer is missing is thrown.
 */
export const runCase = (
  found: EvalCase,
  flow: MeasuredFlow,
  repeat: number,
  options: RunOptions,
): Promise<CaseRun> =>
  inRunScope({ flow: flow.name, repeat }, async (scope) => {
    const startedAt = systemClock.now();
    const outcome = await review(found, flow, repeat, options.signal);
    const wallMs = systemClock.now() - startedAt;
    const { modelMs } = scope;
    const judged = await judge(found, outcome.reported, options);
    if (scope.miss !== null) throw scope.miss;
    const { tolerance } = options;
    return {
      case: found,
      flow: flow.name,
      repeat,
      ...outcome,
      ...judged,
      byPosition: matchFindings(found.expected, outcome.reported, { tolerance, isSame: null }),
      wallMs,
      modelMs,
    };
  });

type Reviewed = Pick<CaseRun, "failure" | "reported" | "usage" | "remarks">;

const review = async (
  found: EvalCase,
  { reviewer }: MeasuredFlow,
  repeat: number,
  signal: AbortSignal,
): Promise<Reviewed> => {
  try {
    const outcome = await reviewer.review({
      forge: createCaseForge(found),
      mergeRequest: toMergeRequest(found),
      signal,
      onEvent: () => undefined,
      journal: await journalOf(found, repeat),
    });
    if (outcome.kind === "failed")
      return { failure: outcome.reason, reported: [], usage: outcome.usage, remarks: [] };
    const { told, usage, remarks } = outcome;
    return { failure: null, reported: told.map(toReported), usage, remarks };
  } catch (error) {
    signal.throwIfAborted();
    return { failure: reasonOfError(error), reported: [], usage: NO_USAGE, remarks: [] };
  }
};

/**
 * A run marks data in prompts with a number of its own. Here the case and the repeat decide it, so that the
 * same run asks the same questions another time, and recorded answers fit them.
 */
const journalOf = async ({ name }: EvalCase, repeat: number): Promise<Journal> => {
  const journal = createMemoryJournal();
  const nonce = createHash("sha256").update(`${name} ${repeat}`).digest("hex").slice(0, 32);
  await journal.write("nonce", nonce);
  return journal;
};

const judge = async (
  { expected }: EvalCase,
  reported: readonly Reported[],
  { judge, tolerance, signal }: RunOptions,
): Promise<Pick<CaseRun, "byMeaning" | "judgeFailure" | "judgeUsage">> => {
  if (judge === null) return { byMeaning: null, judgeFailure: null, judgeUsage: NO_USAGE };
  const judgement = await judge.judge(expected, reported, signal);
  const { usage: judgeUsage } = judgement;
  if (judgement.kind === "failed") return { byMeaning: null, judgeFailure: judgement.reason, judgeUsage };
  const { isSame } = judgement;
  return {
    byMeaning: matchFindings(expected, reported, { tolerance, isSame }),
    judgeFailure: null,
    judgeUsage,
  };
};
