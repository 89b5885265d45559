import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import { composeRunner, type RunnerLayer } from "../review/compose-runner.ts";
import { DEFAULT_INPUTS } from "../review/input-mapping.ts";
import { observeRunner } from "../telemetry/observe-runner.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { FlowPart } from "../worker/findings/findings-flow.ts";
import { createTeamRules } from "../worker/findings/team-rules.ts";
import type { ReviewFlow } from "../worker/review-flow.ts";
import { callsAtOnce, packingOf } from "./model-routing.ts";
import type { OpenedRunner } from "./open-embedded.ts";
import type { Runners } from "./open-runners.ts";

/** The configured flows as the worker takes them, their runs told to `telemetry`. */
export const createFlows = (
  config: Pick<Config, "flows" | "rules" | "models" | "modelRouting">,
  runners: Runners,
  telemetry?: Telemetry,
): readonly ReviewFlow[] => {
  for (const { name } of config.flows) telemetry?.metrics.flowConfigured(name);
  return config.flows.map((flow) => createFlow(flow, config, runners, telemetry));
};

const createFlow = (
  flow: FlowConfig,
  config: Pick<Config, "rules" | "models" | "modelRouting">,
  runners: Runners,
  telemetry?: Telemetry,
): ReviewFlow => {
  const { name, contract, language, output, findings } = flow;
  const open = (section: RunnerConfig): OpenedRunner => {
    const opened = runners.of(section);
    if (telemetry === undefined) return opened;
    const observe: RunnerLayer = (inner) => observeRunner(name, inner, telemetry);
    return { ...opened, runner: composeRunner(opened.runner, { observe }) };
  };
  const main = open(flow.runner);
  const answering = flow.reply === undefined ? {} : { reply: flow.reply && open(flow.reply) };
  if (contract !== "findings") {
    const inputs = flow.inputs ?? DEFAULT_INPUTS[contract];
    return { name, contract, language, inputs, output, runner: main.runner, ...answering };
  }
  const optional = (section: RunnerConfig | null): FlowPart | null =>
    section === null ? null : open(section);
  return {
    ...main,
    ...answering,
    name,
    contract,
    language,
    rules: findings.rules,
    teamRules: createTeamRules({
      host: config.rules,
      flow: { name, rules: findings.rules, language },
      repository: findings.repositoryRules,
    }),
    passes: findings.passes.map(open),
    verify: optional(findings.verify),
    summary: optional(findings.summary),
    paths: findings.paths,
    limits: {
      ...findings.limits,
      // More parts at once than the model takes calls would only keep other reviews waiting.
      unitsAtOnce: Math.min(findings.limits.unitsAtOnce, callsAtOnce(runners.flowOf(flow.runner), config)),
    },
    packing: packingOf(runners.flowOf(flow.runner), config, runners.profiles),
    least: findings.least,
    publish: findings.publish,
  };
};
