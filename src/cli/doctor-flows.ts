import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import type { FlowSubject } from "../doctor/examine-flows.ts";
import { describeFlow } from "../flow/describe/describe-flow.ts";
import { DEFAULT_INPUTS } from "../review/input-mapping.ts";
import type { Runners } from "../wiring/open-runners.ts";
import { readFlowFile } from "../wiring/read-flow-file.ts";
import { FINDINGS_INPUTS } from "../worker/findings/findings-flow.ts";

/** Every flow of the configuration with what its contract asks of it. */
export const flowSubjects = (config: Config, runners: Runners): readonly FlowSubject[] =>
  config.flows.flatMap((flow) =>
    flow.contract === "findings" ? findingsSubjects(flow, runners) : [textSubject(flow, runners)],
  );

type Contract = Pick<FlowSubject, "inputs" | "needs" | "tellsUnused">;

const subjectOf = (
  name: string,
  section: RunnerConfig,
  runners: Runners,
  contract: Contract,
): FlowSubject => ({
  name,
  ...contract,
  isDify: section.kind === "dify",
  outputs:
    section.kind === "dify" ? null : describeFlow(readFlowFile(section.file, `flows.${name}.file`)).outputs,
  describe: (signal) => runners.of(section).runner.describe(signal),
});

const textSubject = (flow: FlowConfig, runners: Runners): FlowSubject => {
  const isNote = flow.contract === "note";
  return subjectOf(flow.name, flow.runner, runners, {
    inputs: flow.inputs ?? DEFAULT_INPUTS[isNote ? "note" : "classic"],
    needs: isNote ? (flow.output ?? "any") : null,
    // Of the inputs that we offer by default a flow takes what it needs.
    tellsUnused: flow.inputs !== null,
  });
};

const findingsSubjects = (flow: FlowConfig, runners: Runners): readonly FlowSubject[] => {
  const { passes, verify, summary } = flow.findings;
  const part = (
    name: string,
    section: RunnerConfig | null,
    inputs: readonly string[],
    needs: string,
  ): readonly FlowSubject[] =>
    section === null
      ? []
      : [
          subjectOf(name, section, runners, {
            inputs: Object.fromEntries(inputs.map((input) => [input, ""])),
            needs,
            tellsUnused: false,
          }),
        ];
  return [
    ...part(flow.name, flow.runner, FINDINGS_INPUTS.review, "findings"),
    ...passes.flatMap((pass, index) =>
      part(`${flow.name}.passes[${index}]`, pass, FINDINGS_INPUTS.review, "findings"),
    ),
    ...part(`${flow.name}.verify`, verify, FINDINGS_INPUTS.verify, "verdicts"),
    ...part(`${flow.name}.summary`, summary, FINDINGS_INPUTS.summary, "summary"),
  ];
};
