import { checkInputs } from "../review/check-inputs.ts";
import type { FlowInput } from "../review/flow-runner.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** A flow and what its contract asks of it. */
export type FlowFacts = {
  /** Its key in the configuration, such as `review` or `review.verify`. */
  readonly name: string;
  readonly declared: readonly FlowInput[];
  /** The inputs that it is given. */
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  /** The inputs that it has to declare. */
  readonly needed: readonly string[];
  /** The outputs of its file; null for a flow on Dify, which does not tell them. */
  readonly outputs: readonly string[] | null;
  /** The output that the contract reads; `any` for one text of whatever name, null for none. */
  readonly needs: string | null;
  /** Whether an input that is configured and not declared is worth a word. */
  readonly tellsUnused: boolean;
};

/** Judges a flow's declared inputs and outputs against its contract. */
export const judgeFlow = (facts: FlowFacts): readonly Diagnosis[] => {
  const check = "flow-contract";
  const { errors, warnings } = checkInputs(facts.name, facts.declared, facts.inputs, facts.needed);
  const findings = [
    ...errors.map((what) =>
      fail(
        check,
        what,
        `Change flows.${facts.name}.inputs, or the start node of the flow, so that they agree`,
      ),
    ),
    ...(facts.tellsUnused ? warnings : []).map((what) =>
      warn(check, what, `Declare the input in the flow's start node, or take it out of the configuration`),
    ),
    ...judgeOutputs(facts),
  ];
  const inputs = facts.declared.map(({ name }) => name).join(", ") || "none";
  return findings.length > 0
    ? findings
    : [ok(check, `flows.${facts.name} fits its contract (inputs: ${inputs})`)];
};

const judgeOutputs = ({ name, outputs, needs }: FlowFacts): readonly Diagnosis[] => {
  if (outputs === null || needs === null) return [];
  if (needs === "any" ? outputs.length > 0 : outputs.includes(needs)) return [];
  const wanted = needs === "any" ? "an output with the review as Markdown" : `the output ${needs}`;
  return [
    fail(
      "flow-contract",
      `flows.${name} lacks ${wanted}; its end nodes give ${outputs.join(", ") || "nothing"}`,
      needs === "any"
        ? "Give the flow's end node an output"
        : `Name the output ${needs} in the flow's end node, or choose another contract`,
    ),
  ];
};

/** Judges a flow that could not be read from its server. */
export const judgeUnreadableFlow = (name: string, message: string, isDify: boolean): Diagnosis =>
  fail(
    isDify ? "dify" : "flow-contract",
    `flows.${name}: ${message}`,
    isDify
      ? "See that DIFY_URL leads to Dify from here, that the app is published and that the API key is this app's (API Access → API Key)"
      : "Look at the file with: reviewflow flow check FILE",
  );
