import { type Message, message } from "../messages/message.ts";
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

/** Diagnoses a flow's declared inputs and outputs against its contract. */
export const diagnoseFlow = (facts: FlowFacts): readonly Diagnosis[] => {
  const check = "flow-contract";
  const { name: flow, declared } = facts;
  const { errors, warnings } = checkInputs(flow, declared, facts.inputs, facts.needed);
  const findings = [
    ...errors.map((what) => fail(check, what, message("doctor.flow.inputs.fix", { flow }))),
    ...(facts.tellsUnused ? warnings : []).map((what) =>
      warn(check, what, message("doctor.flow.unused.fix")),
    ),
    ...diagnoseOutputs(facts),
  ];
  const inputs = declared.map(({ name }) => name).join(", ") || "–";
  return findings.length > 0 ? findings : [ok(check, message("doctor.flow.ok", { flow, inputs }))];
};

const diagnoseOutputs = ({ name: flow, outputs, needs }: FlowFacts): readonly Diagnosis[] => {
  if (outputs === null || needs === null) return [];
  if (needs === "any" ? outputs.length > 0 : outputs.includes(needs)) return [];
  const given = outputs.join(", ") || "–";
  return [
    needs === "any"
      ? fail(
          "flow-contract",
          message("doctor.flow.no-output", { flow, outputs: given }),
          message("doctor.flow.no-output.fix"),
        )
      : fail(
          "flow-contract",
          message("doctor.flow.output", { flow, output: needs, outputs: given }),
          message("doctor.flow.output.fix", { output: needs }),
        ),
  ];
};

/** Diagnoses a flow that could not be read from its server. */
export const diagnoseUnreadableFlow = (flow: string, why: Message, isDify: boolean): Diagnosis =>
  fail(
    isDify ? "dify" : "flow-contract",
    message("doctor.flow.unreadable", { flow, message: why }),
    message(isDify ? "doctor.flow.dify.fix" : "doctor.flow.file.fix"),
  );
