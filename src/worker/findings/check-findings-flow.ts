import { checkInputs } from "../../review/check-inputs.ts";
import { FINDINGS_INPUTS, type FindingsFlow, type FlowPart } from "./findings-flow.ts";

/**
 * What keeps the flows of a review from running: inputs that they require and that this contract does
 * not have, or has as something else. Sentences that name the setting. Throws what `describe` throws.
 */
export const checkFindingsFlow = async (
  flow: FindingsFlow,
  signal?: AbortSignal,
): Promise<readonly string[]> => {
  const parts: readonly (readonly [string, FlowPart | null, readonly string[]])[] = [
    [flow.name, flow, FINDINGS_INPUTS.review],
    ...flow.passes.map(
      (pass, index) => [`${flow.name}.passes[${index}]`, pass, FINDINGS_INPUTS.review] as const,
    ),
    [`${flow.name}.verify`, flow.verify, FINDINGS_INPUTS.verify],
    [`${flow.name}.summary`, flow.summary, FINDINGS_INPUTS.summary],
  ];
  const problems = await Promise.all(
    parts.map(async ([name, part, inputs]) => {
      if (part === null) return [];
      const given = Object.fromEntries(inputs.map((input) => [input, ""]));
      return checkInputs(name, await part.runner.describe(signal), given).errors;
    }),
  );
  return problems.flat();
};
