import type { Peer } from "../base/outside.ts";
import { ANSWERS } from "../config/builtin-flows.ts";
import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import { normaliseBaseUrl } from "../dify/dify-transport.ts";
import type { FlowsNeeding } from "../store/outage.ts";
import { modelNamesOf } from "./model-routing.ts";
import type { Runners } from "./open-runners.ts";

/**
 * Which flows cannot be run while something outside is away. A flow that has a fallback for it is not among them: its
 * runs find out what helps.
 */
export const createFlowsNeeding = (
  config: Pick<Config, "flows" | "models" | "modelRouting">,
  runners: Pick<Runners, "flowOf">,
): FlowsNeeding => {
  const needs = (setting: string, section: RunnerConfig, { kind, name }: Peer): boolean => {
    if (section.kind === "dify") {
      if (section.fallback !== null) return false;
      return kind === "dify" ? normaliseBaseUrl(section.url) === name : kind === "flow" && setting === name;
    }
    const hasFallback = config.modelRouting.fallback !== null && config.modelRouting.fallback !== name;
    return kind === "model" && !hasFallback && modelNamesOf(runners.flowOf(section), config).includes(name);
  };
  return (peer) =>
    config.flows.flatMap((flow) => [
      ...(reviewSections(flow).some(([setting, section]) => needs(setting, section, peer))
        ? [{ runKind: "review", flow: flow.name } as const]
        : []),
      ...(needs(`flows.${flow.name}.reply`, flow.reply ?? ANSWERS, peer)
        ? [{ runKind: "reply", flow: flow.name } as const]
        : []),
    ]);
};

/** What a review of a flow cannot do without; it is published without a walkthrough. */
const reviewSections = ({ name, runner, contract, findings }: FlowConfig) => {
  const main = [`flows.${name}`, runner] as const;
  if (contract !== "findings") return [main];
  const { passes, verify } = findings;
  return [
    main,
    ...passes.map((pass, index) => [`flows.${name}.passes[${index}]`, pass] as const),
    ...(verify === null ? [] : [[`flows.${name}.verify`, verify] as const]),
  ];
};
