import type { ContextLimit } from "../../base/context-limit.ts";
import { inEnglish } from "../../base/errors.ts";
import { causeOf, type Reason, reasonOf, withDetail } from "../../base/reason.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import type { AnchoredFinding, Finding } from "../../review/finding.ts";
import { anchorFindings } from "../../review/findings/anchor-findings.ts";
import { mergeFindings } from "../../review/findings/merge-findings.ts";
import { parseFindings } from "../../review/findings/parse-findings.ts";
import { isInLatinAlone } from "../../review/findings/written-in.ts";
import type { FlowOutcome } from "../../review/flow-runner.ts";
import { reasonOfIncomplete, reasonOfStatus, remarkOnSteps } from "../../review/read-outcome.ts";
import { ownerOf } from "../../review/memory/owner-of.ts";
import { toRelative } from "../../review/memory/remembered-hunk.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import { filesOf } from "../../review/units/files-of.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";
import { renderUnit } from "../../review/units/render-unit.ts";
import type { ReviewUnit } from "../../review/units/review-unit.ts";
import type { Question } from "./ask-flow.ts";
import { correctionOf, problemOf } from "./correction.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { FlowPart } from "./findings-flow.ts";
import type { Change } from "./read-change.ts";
import type { SaidText } from "./said-text.ts";
import { verifyFindings } from "./verify-findings.ts";

/** What became of a unit that was given to the flows. */
export type UnitOutcome =
  | {
      readonly kind: "reviewed";
      /** Reports that are no findings. */
      readonly rejected: number;
      readonly refuted: number;
      readonly unverified: number;
      /** What did not go as it should. */
      readonly remarks: readonly Reason[];
    }
  | FailedUnit;

/** A unit that was not reviewed, and whether its prompt was longer than a model takes. */
type FailedUnit = {
  readonly kind: "failed";
  readonly reason: Reason;
  readonly contextLimit?: ContextLimit | null;
  /** What was wrong with an answer that was none, so that a fresh one is asked for. */
  readonly problem?: string | null;
};

/**
 * Reviews one unit: every pass reports findings, each finds its place, and what stands is
 * remembered with its hunk. A further pass that fails costs only what it would have found.
 */
export const reviewUnit = async (
  context: FindingsContext,
  change: Change,
  unit: ReviewUnit,
  said: SaidText,
): Promise<UnitOutcome> => {
  const diff = renderUnit(unit, context.nonce);
  const reported = await askPasses(context, unit, reviewInputs(context, change, unit, diff, said));
  if (reported.kind === "failed") return reported;
  const found = mergeFindings(anchorFindings(reported.findings, change.files));
  const verified = await verifyFindings(context, unit, { diff, nonce: context.nonce }, found);
  if (verified.kind === "failed") return verified;
  await remember(context, change, unit, reported.overview, verified.standing);
  const { refuted, unverified } = verified;
  return { kind: "reviewed", rejected: reported.rejected, refuted, unverified, remarks: reported.remarks };
};

const pathsOf = (unit: ReviewUnit): ReadonlySet<string> =>
  new Set(unit.hunks.flatMap(({ file }) => [pathOf(file), file.oldPath]));

/** The least that a flow may report of one unit, whatever the limit on threads is. */
const LEAST_FINDINGS = 8;

const reviewInputs = (
  { flow, nonce, rules }: FindingsContext,
  { mergeRequest }: Change,
  unit: ReviewUnit,
  diff: string,
  said: SaidText,
): JsonObject => ({
  title: maskSecrets(mergeRequest.title).text,
  description: maskSecrets(mergeRequest.description).text,
  diff,
  language: flow.language,
  rules: rules.textFor([...new Set(unit.hunks.map(({ file }) => pathOf(file)))]),
  said: said(pathsOf(unit)),
  max_findings: Math.max(flow.limits.threads, LEAST_FINDINGS),
  nonce,
});

type Reported =
  | {
      readonly kind: "reported";
      readonly findings: readonly Finding[];
      readonly overview: string | null;
      readonly rejected: number;
      readonly remarks: readonly Reason[];
    }
  | FailedUnit;

const askPasses = async (
  { desk, flow }: FindingsContext,
  unit: ReviewUnit,
  inputs: JsonObject,
): Promise<Reported> => {
  const files = filesOf(unit);
  const ask = async (part: FlowPart, question: Omit<Question, "files">): Promise<Reported> => {
    const read = async (key: string, correction: string): Promise<Reported> => {
      const outcome = await desk.ask(part, { ...question, key, files }, { ...inputs, correction });
      return readReport(outcome, [...pathsOf(unit)], flow.language);
    };
    const first = await read(question.key, "");
    // Small models answer with nothing, prose or the prompt's own example now and then, and well the next time.
    const problem = first.kind === "failed" ? (first.problem ?? null) : null;
    return problem === null ? first : read(`${question.key}-again`, correctionOf(problem, FORM));
  };
  const first = await ask(flow, { key: `unit-${unit.id}`, part: { role: "main", index: 0 } });
  if (first.kind === "failed") return first;
  let all = first;
  for (const [index, pass] of flow.passes.entries()) {
    const key = `unit-${unit.id}-pass-${index + 1}`;
    const report = await ask(pass, { key, part: { role: "pass", index } });
    all =
      report.kind === "failed"
        ? {
            ...all,
            remarks: [
              ...all.remarks,
              reasonOf("pass-failed", { pass: index + 1, detail: causeOf(report.reason) }),
            ],
          }
        : {
            ...all,
            findings: [...all.findings, ...report.findings],
            overview: all.overview ?? report.overview,
            rejected: all.rejected + report.rejected,
            remarks: [...all.remarks, ...report.remarks],
          };
  }
  return all;
};

/** The form of an answer in a few words. */
const FORM = 'with exactly one fenced block of JSON that has the keys "overview" and "findings"';

/** What a flow reported. An answer of which nothing can be used says nothing about the code. */
const readReport = (outcome: FlowOutcome, paths: readonly string[], language: string): Reported => {
  const { outputs } = outcome;
  const failure = reasonOfStatus(outcome);
  if (failure !== null)
    return {
      kind: "failed",
      reason: failure,
      contextLimit: outcome.contextLimit ?? null,
      problem: problemOf(failure),
    };
  if (outputs["findings"] === undefined)
    return {
      kind: "failed",
      reason: reasonOf("flow-output-missing", { output: "findings", outputs: Object.keys(outputs) }),
    };
  const { findings, rejected } = parseFindings(outputs["findings"], { paths });
  if (findings.length === 0 && rejected[0] !== undefined) {
    const incomplete = reasonOfIncomplete(outcome);
    const { reason: problem } = rejected[0];
    return {
      kind: "failed",
      reason: withDetail(incomplete ?? reasonOf("findings-unusable"), problem),
      problem: incomplete === null ? inEnglish(problem) : problemOf(incomplete),
    };
  }
  const overview = overviewOf(outputs["overview"]);
  const prose = [overview ?? "", ...findings.flatMap(({ title, body }) => [title, body])];
  if (isInLatinAlone(prose, language)) {
    const reason = reasonOf("answer-in-other-language", { language });
    return { kind: "failed", reason, problem: problemOf(reason) };
  }
  const remark = remarkOnSteps(outcome);
  return {
    kind: "reported",
    findings,
    overview,
    rejected: rejected.length,
    remarks: remark === null ? [] : [remark],
  };
};

const overviewOf = (value: Json | undefined): string | null =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : null;

const remember = async (
  { hunks, clock }: FindingsContext,
  { diff }: Change,
  unit: ReviewUnit,
  overview: string | null,
  standing: readonly AnchoredFinding[],
): Promise<void> => {
  const byOwner = Map.groupBy(standing, (found) => ownerOf(found, unit.hunks));
  for (const hunk of unit.hunks) {
    await hunks.keep(hunk, {
      headSha: diff.refs.headSha,
      reviewedAtMs: clock.now(),
      overview,
      findings: (byOwner.get(hunk) ?? []).map((found) => toRelative(found, hunk.hunk)),
    });
  }
};
