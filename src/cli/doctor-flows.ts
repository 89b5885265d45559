import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import type { FlowSubject } from "../doctor/examine-flows.ts";
import { describeFlow } from "../flow/describe/describe-flow.ts";
import { DEFAULT_INPUTS } from "../review/input-mapping.ts";
import type { Runners } from "../wiring/open-runners.ts";
import { readFlowFile } from "../wiring/read-flow-file.ts";
import { REPLY_INPUTS } from "../worker/conversation/answer-note.ts";
import { FINDINGS_INPUTS, NEEDED_INPUTS } from "../worker/findings/findings-flow.ts";

/** Every flow of the configuration with what its contract asks of it. */
export const flowSubjects = (config: Pick<Config, "flows">, runners: Runners): readonly FlowSubject[] =>
  config.flows.flatMap((flow) => [
    ...(flow.contract === "findings"
      ? findingsSubjects(flow, runners)
      : [textSubject(flow, flow.runner, flow.name, runners)]),
    ...candidateSubjects(flow, runners),
    ...replySubjects(flow, runners),
  ]);

type Contract = Pick<FlowSubject, "inputs" | "needed" | "needs" | "tellsUnused">;

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

const textSubject = (
  flow: FlowConfig,
  section: RunnerConfig,
  name: string,
  runners: Runners,
): FlowSubject => {
  const isNote = flow.contract === "note";
  return subjectOf(name, section, runners, {
    inputs: flow.inputs ?? DEFAULT_INPUTS[isNote ? "note" : "classic"],
    needed: [],
    needs: isNote ? (flow.output ?? "any") : null,
    // Of the inputs that we offer by default a flow takes what it needs.
    tellsUnused: flow.inputs !== null,
  });
};

/** A flow that gets the inputs of a fixed list, empty here; none where there is no such flow. */
const partSubject = (
  runners: Runners,
  name: string,
  section: RunnerConfig | null | undefined,
  inputs: readonly string[],
  contract: Pick<Contract, "needed" | "needs">,
): readonly FlowSubject[] =>
  section === null || section === undefined
    ? []
    : [
        subjectOf(name, section, runners, {
          inputs: Object.fromEntries(inputs.map((input) => [input, ""])),
          ...contract,
          tellsUnused: false,
        }),
      ];

const OUTPUTS = { review: "findings", verify: "verdicts", summary: "summary" } as const;

const findingsSubject = (
  runners: Runners,
  name: string,
  section: RunnerConfig | null,
  role: keyof typeof FINDINGS_INPUTS,
): readonly FlowSubject[] =>
  partSubject(runners, name, section, FINDINGS_INPUTS[role], {
    needed: NEEDED_INPUTS[role],
    needs: OUTPUTS[role],
  });

const findingsSubjects = (flow: FlowConfig, runners: Runners): readonly FlowSubject[] => {
  const { passes, verify, summary } = flow.findings;
  return [
    ...findingsSubject(runners, flow.name, flow.runner, "review"),
    ...passes.flatMap((pass, index) =>
      findingsSubject(runners, `${flow.name}.passes[${index}]`, pass, "review"),
    ),
    ...findingsSubject(runners, `${flow.name}.verify`, verify, "verify"),
    ...findingsSubject(runners, `${flow.name}.summary`, summary, "summary"),
  ];
};

/** The flow that is tried beside the flow, under the same contract. */
const candidateSubjects = (flow: FlowConfig, runners: Runners): readonly FlowSubject[] => {
  const section = flow.shadow?.runner;
  if (section === undefined) return [];
  const name = `${flow.name}.shadow`;
  return flow.contract === "findings"
    ? findingsSubject(runners, name, section, "review")
    : [textSubject(flow, section, name, runners)];
};

/** The flow that answers notes, where one of its own is named. */
const replySubjects = (flow: FlowConfig, runners: Runners): readonly FlowSubject[] =>
  partSubject(runners, `${flow.name}.reply`, flow.reply, REPLY_INPUTS, { needed: [], needs: "any" });
