import type { Message } from "../../messages/message.ts";
import { checkInputs } from "../../review/check-inputs.ts";
import { FINDINGS_INPUTS, NEEDED_INPUTS, type FindingsFlow, type FlowPart } from "./findings-flow.ts";

/**
 * What keeps the flows of a review from running: inputs that they require and that this contract does
 * not have, or has as something else, and the code that is to be judged where they do not take it. Each names the setting. Throws what `describe` throws.
 */
export const checkFindingsFlow = async (
  flow: FindingsFlow,
  signal?: AbortSignal,
): Promise<readonly Message[]> => {
  const parts: readonly (readonly [string, FlowPart | null, keyof typeof FINDINGS_INPUTS])[] = [
    [flow.name, flow, "review"],
    ...flow.passes.map((pass, index) => [`${flow.name}.passes[${index}]`, pass, "review"] as const),
    [`${flow.name}.verify`, flow.verify, "verify"],
    [`${flow.name}.summary`, flow.summary, "summary"],
  ];
  const problems = await Promise.all(
    parts.map(async ([name, part, role]) => {
      if (part === null) return [];
      const given = Object.fromEntries(FINDINGS_INPUTS[role].map((input) => [input, ""]));
      return checkInputs(name, await part.runner.describe(signal), given, NEEDED_INPUTS[role]).errors;
    }),
  );
  return problems.flat();
};
