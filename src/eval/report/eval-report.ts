import type { Reason } from "../../base/reason.ts";
import { addUsage, type FlowUsage, NO_USAGE } from "../../flow/flow-event.ts";
import type { Message } from "../../messages/message.ts";
import type { Match } from "../match/match-findings.ts";
import type { Reported } from "../match/reported.ts";
import type { CaseRun } from "../run/run-case.ts";
import { type BootstrapOptions, compareFlows, type Estimate, type Estimates } from "../score/bootstrap.ts";
import type { Tally } from "../score/tally.ts";
import type { EvalSet, Expected } from "../set/eval-case.ts";

/** How a report was made. */
export type ReportSettings = BootstrapOptions & {
  readonly flows: readonly string[];
  readonly repeats: number;
  readonly tolerance: number;
  /** The judge's model; null without one. */
  readonly judge: string | null;
  readonly answers: { readonly source: string; readonly asked: number; readonly replayed: number };
  /** When it was begun, as ISO 8601. */
  readonly startedAt: string;
};

/** What a flow came to. */
export type FlowReport = {
  readonly name: string;
  /** By the judge where there is one, else by position. */
  readonly metrics: Estimates;
  /** By position alone. */
  readonly byPosition: { readonly precision: Estimate; readonly recall: Estimate; readonly f1: Estimate };
  readonly usage: FlowUsage;
  readonly judgeUsage: FlowUsage;
  /** Runs that the judge did not judge, which are scored by position. */
  readonly unjudged: number;
  /** Why reviews failed, each reason once. */
  readonly failures: readonly Reason[];
};

/** One run with what was found and what was not. */
export type RunReport = {
  readonly flow: string;
  readonly repeat: number;
  readonly failure: Reason | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly found: readonly (Match & { readonly title: string })[];
  /** Expected findings that nobody reported, by their index. */
  readonly missed: readonly number[];
  readonly unmatched: readonly Reported[];
  readonly usage: FlowUsage;
  readonly wallMs: number;
  readonly modelMs: number;
  readonly remarks: readonly Reason[];
};

/** A case with all its runs. */
export type CaseReport = {
  readonly name: string;
  readonly title: string;
  readonly language: string | null;
  readonly changedLines: number;
  readonly expected: readonly Expected[];
  readonly runs: readonly RunReport[];
};

/** Everything that a measurement came to. */
export type EvalReport = {
  readonly version: 1;
  readonly set: string;
  readonly settings: ReportSettings;
  readonly flows: readonly FlowReport[];
  /** Every flow but the first, compared with the first over the same cases. */
  readonly differences: readonly {
    readonly flow: string;
    readonly baseline: string;
    readonly metrics: Estimates;
  }[];
  readonly cases: readonly CaseReport[];
  readonly notices: readonly Message[];
};

/** Scores runs. */
export const buildReport = (set: EvalSet, runs: readonly CaseRun[], settings: ReportSettings): EvalReport => {
  const tallies = (matchesOf: (run: CaseRun) => readonly Match[]) =>
    settings.flows.map((flow) =>
      set.cases.map((found) =>
        runs
          .filter((run) => run.flow === flow && run.case.name === found.name)
          .toSorted((one, other) => one.repeat - other.repeat)
          .map((run) => tallyOf(run, matchesOf(run), settings.tolerance)),
      ),
    );
  const scored = compareFlows(tallies(matchesUsed), settings);
  const placed =
    settings.judge === null
      ? scored
      : compareFlows(
          tallies((run) => run.byPosition),
          settings,
        );
  return {
    version: 1,
    set: set.name,
    settings,
    flows: settings.flows.flatMap((flow, index) => {
      const [metrics, byPosition] = [scored.flows[index], placed.flows[index]];
      if (metrics === undefined || byPosition === undefined) return [];
      return toFlowReport(flow, runs, metrics, byPosition);
    }),
    differences: scored.differences.map((metrics, index) => ({
      flow: settings.flows[index + 1] ?? "",
      baseline: settings.flows[0] ?? "",
      metrics,
    })),
    cases: set.cases.map(({ name, title, language, changedLines, expected }) => ({
      name,
      title,
      language,
      changedLines,
      expected,
      runs: runs
        .filter((run) => run.case.name === name)
        .toSorted(byRepeat)
        .map(toRunReport),
    })),
    notices: set.notices,
  };
};

const byRepeat = (one: CaseRun, other: CaseRun): number => one.repeat - other.repeat;

/** The matches that count: the judge's where it judged. */
const matchesUsed = ({ byMeaning, byPosition }: CaseRun): readonly Match[] => byMeaning ?? byPosition;

const tallyOf = (run: CaseRun, matches: readonly Match[], tolerance: number): Tally => {
  const { expected, changedLines } = run.case;
  const located = matches.filter(({ expected: wanted }) => Boolean(expected[wanted]?.lines));
  const within = (lines: number): number =>
    located.filter(({ distance }) => distance !== null && distance <= lines).length;
  return {
    runs: 1,
    failed: run.failure === null ? 0 : 1,
    expected: expected.length,
    reported: run.reported.length,
    matched: matches.length,
    exact: located.filter(({ isExact }) => isExact).length,
    overlapping: within(0),
    near: within(tolerance),
    located: located.length,
    changedLines,
    tokens: run.usage.totalTokens,
    cost: run.usage.totalPrice,
    wallMs: run.wallMs,
    modelMs: run.modelMs,
  };
};

const toFlowReport = (
  name: string,
  runs: readonly CaseRun[],
  metrics: Estimates,
  byPosition: Estimates,
): FlowReport => {
  const own = runs.filter(({ flow }) => flow === name);
  const { precision, recall, f1 } = byPosition;
  return {
    name,
    metrics,
    byPosition: { precision, recall, f1 },
    usage: own.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    judgeUsage: own.map(({ judgeUsage }) => judgeUsage).reduce(addUsage, NO_USAGE),
    unjudged: own.filter(({ judgeFailure }) => judgeFailure !== null).length,
    failures: once(own.flatMap(({ failure, judgeFailure }) => [failure ?? [], judgeFailure ?? []].flat())),
  };
};

const once = (reasons: readonly Reason[]): readonly Reason[] => [
  ...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values(),
];

const toRunReport = (run: CaseRun): RunReport => {
  const matches = matchesUsed(run);
  const { flow, repeat, failure, reported, usage, wallMs, modelMs, remarks } = run;
  const { expected } = run.case;
  const used = new Set(matches.map((match) => match.reported));
  const found = new Set(matches.map((match) => match.expected));
  return {
    flow,
    repeat,
    failure,
    precision: reported.length === 0 ? null : matches.length / reported.length,
    recall: expected.length === 0 ? null : matches.length / expected.length,
    found: matches.map((match) => ({ ...match, title: reported[match.reported]?.title ?? "" })),
    missed: expected.flatMap((_one, index) => (found.has(index) ? [] : [index])),
    unmatched: reported.filter((_one, index) => !used.has(index)),
    usage,
    wallMs,
    modelMs,
    remarks,
  };
};
