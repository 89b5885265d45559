import type { AnchoredFinding } from "../../review/finding.ts";
import { readVerdicts } from "../../review/findings/read-verdicts.ts";
import { filesOf } from "../../review/units/files-of.ts";
import type { ReviewUnit } from "../../review/units/review-unit.ts";
import type { FindingsContext } from "./findings-context.ts";
import { describeForModel } from "./finding-json.ts";

/** What is left of findings after somebody tried to refute them. */
export type Verified =
  | {
      readonly kind: "verified";
      readonly confirmed: readonly AnchoredFinding[];
      readonly refuted: number;
      /** Without a verdict, which is not a pass. */
      readonly unverified: number;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** Has the findings of a unit verified, where a flow for that is set; what is not confirmed goes. */
export const verifyFindings = async (
  { desk, flow }: FindingsContext,
  unit: ReviewUnit,
  inputs: { readonly diff: string; readonly nonce: string },
  found: readonly AnchoredFinding[],
): Promise<Verified> => {
  if (flow.verify === null || found.length === 0) {
    return { kind: "verified", confirmed: found, refuted: 0, unverified: 0 };
  }
  const named = found.map((one, index) => ({ id: `f${index + 1}`, one }));
  const question = {
    key: `verify-${unit.id}`,
    part: { role: "verify", index: 0 },
    files: filesOf(unit),
  } as const;
  const outcome = await desk.ask(flow.verify, question, {
    ...inputs,
    findings: JSON.stringify(named.map(({ id, one }) => ({ id, ...describeForModel(one) }))),
    language: flow.language,
  });
  if (outcome.status === "failed" || outcome.status === "stopped") {
    return {
      kind: "failed",
      reason: `its findings could not be verified: ${outcome.error ?? outcome.status}`,
    };
  }
  const verdicts = readVerdicts(
    outcome.outputs["verdicts"] ?? null,
    named.map(({ id }) => id),
  );
  const withVerdict = (wanted: "confirmed" | "refuted"): readonly AnchoredFinding[] =>
    named.filter(({ id }) => verdicts.get(id)?.verdict === wanted).map(({ one }) => one);
  const confirmed = withVerdict("confirmed");
  const refuted = withVerdict("refuted").length;
  return { kind: "verified", confirmed, refuted, unverified: found.length - confirmed.length - refuted };
};
