import { reasonOfStatus } from "../../review/read-outcome.ts";
import { causeOf, type Reason, reasonOf } from "../../base/reason.ts";
import type { AnchoredFinding } from "../../review/finding.ts";
import { readVerdicts, type Verdict } from "../../review/findings/read-verdicts.ts";
import type { FlowOutcome } from "../../review/flow-runner.ts";
import { filesOf } from "../../review/units/files-of.ts";
import type { ReviewUnit } from "../../review/units/review-unit.ts";
import { correctionOf, problemOf } from "./correction.ts";
import type { FindingsContext } from "./findings-context.ts";
import { describeForModel } from "./finding-json.ts";

/** What is left of findings after somebody tried to refute them. */
export type Verified =
  | {
      readonly kind: "verified";
      /** What was confirmed, and what nobody gave a verdict on, which says so. */
      readonly standing: readonly AnchoredFinding[];
      readonly refuted: number;
      /** How many of those that stand have no verdict. */
      readonly unverified: number;
    }
  | { readonly kind: "failed"; readonly reason: Reason };

type Named = { readonly id: string; readonly one: AnchoredFinding };

/**
 * Has the findings of a unit verified, where a flow for that is set; what is refuted goes. What has no verdict
 * that can be read is asked about once more, then it stands as unverified: a verifier that cannot be understood
 * must not silence a review. The ids are of this run alone, so that no verdict that a diff holds, and the verifier
 * repeats, is taken for its own.
 */
export const verifyFindings = async (
  { desk, flow }: FindingsContext,
  unit: ReviewUnit,
  inputs: { readonly diff: string; readonly nonce: string },
  found: readonly AnchoredFinding[],
): Promise<Verified> => {
  const { verify } = flow;
  if (verify === null || found.length === 0) {
    return { kind: "verified", standing: found, refuted: 0, unverified: 0 };
  }
  const named = found.map((one, index): Named => ({ id: `f${index + 1}-${inputs.nonce.slice(0, 6)}`, one }));
  const ask = async (key: string, about: readonly Named[], correction = ""): Promise<FlowOutcome> =>
    desk.ask(
      verify,
      { key, part: { role: "verify", index: 0 }, files: filesOf(unit) },
      {
        ...inputs,
        correction,
        findings: JSON.stringify(about.map(({ id, one }) => ({ id, ...describeForModel(one) }))),
        language: flow.language,
      },
    );
  const outcome = await ask(`verify-${unit.id}`, named);
  const failure = reasonOfStatus(outcome);
  const failed = (cause: Reason): Verified => ({
    kind: "failed",
    reason: reasonOf("verification-failed", { detail: causeOf(cause) }),
  });
  const problem = failure === null ? NO_VERDICT : problemOf(failure);
  if (failure !== null && problem === null) return failed(failure);
  const first = failure === null ? verdictsOf(outcome, named) : new Map<string, Verdict>();
  const missing = named.filter(({ id }) => (first.get(id) ?? "missing") === "missing");
  const again =
    missing.length === 0
      ? null
      : await ask(`verify-${unit.id}-again`, missing, correctionOf(problem ?? NO_VERDICT, FORM));
  const secondFailure = again === null ? null : reasonOfStatus(again);
  if (failure !== null && secondFailure !== null) return failed(secondFailure);
  const second =
    again === null || secondFailure !== null ? new Map<string, never>() : verdictsOf(again, missing);
  const judged = named.map(({ id, one }) => ({ one, verdict: second.get(id) ?? first.get(id) ?? "missing" }));
  return {
    kind: "verified",
    standing: judged.flatMap(({ one, verdict }) => {
      if (verdict === "refuted") return [];
      return verdict === "confirmed" ? [one] : [{ ...one, finding: { ...one.finding, unverified: true } }];
    }),
    refuted: judged.filter(({ verdict }) => verdict === "refuted").length,
    unverified: judged.filter(({ verdict }) => verdict === "missing").length,
  };
};

const NO_VERDICT = "it held no verdict for these findings";

/** The form of an answer in a few words. */
const FORM = "with exactly one fenced block of JSON that has one verdict for each id";

const verdictsOf = ({ outputs }: FlowOutcome, about: readonly Named[]): ReadonlyMap<string, Verdict> => {
  const ids = about.map(({ id }) => id);
  return new Map(readVerdicts(outputs["verdicts"] ?? null, ids));
};
