import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import { DEFAULT_INPUTS } from "../review/input-mapping.ts";
import type { FlowPart } from "../worker/findings/findings-flow.ts";
import type { ReviewFlow } from "../worker/review-flow.ts";
import type { Runners } from "./open-runners.ts";

/** The configured flows as the worker takes them. */
export const createFlows = (config: Config, runners: Runners): readonly ReviewFlow[] =>
  config.flows.map((flow) => createFlow(flow, runners));

const createFlow = (flow: FlowConfig, runners: Runners): ReviewFlow => {
  const { name, contract, language, output, findings } = flow;
  const main = runners.of(flow.runner);
  if (contract !== "findings") {
    const inputs = flow.inputs ?? DEFAULT_INPUTS[contract];
    return { name, contract, language, inputs, output, runner: main.runner };
  }
  const optional = (section: RunnerConfig | null): FlowPart | null =>
    section === null ? null : runners.of(section);
  return {
    ...main,
    name,
    contract,
    language,
    rules: findings.rules,
    passes: findings.passes.map(runners.of),
    verify: optional(findings.verify),
    summary: optional(findings.summary),
    paths: findings.paths,
    limits: findings.limits,
    least: findings.least,
    publish: findings.publish,
  };
};
