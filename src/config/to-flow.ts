import { BUILTIN_FLOWS, builtinOf, type Contract } from "./builtin-flows.ts";
import type { EmbeddedRunnerConfig, FindingsConfig, FlowConfig, FlowFile, RunnerConfig } from "./config.ts";
import type { DifySection, FlowSection, RunnerSection } from "./flow-schema.ts";
import { toTriggers } from "./to-triggers.ts";

/** Finds a path that stands in the file. */
export type Near = (relative: string) => string;

/** The contract of a flow that does not state one: Dify apps are the tutorial's, our files say it themselves. */
export const contractOf = (flow: FlowSection): Contract | null => {
  if (flow.contract !== undefined) return flow.contract;
  if (flow.dify !== undefined) return "classic";
  const builtin = builtinOf(flow.file ?? defaultFile(flow));
  return builtin === null || builtin === "unknown" ? null : BUILTIN_FLOWS[builtin];
};

/** The file of a flow that runs here and names none. */
const defaultFile = ({ contract }: FlowSection): string =>
  contract === "classic" ? "builtin:classic" : "builtin:review";

/** A flow's section as the program uses it. */
export const toFlow = (flow: FlowSection, near: Near): FlowConfig => {
  const contract = contractOf(flow) ?? "findings";
  return {
    name: flow.name,
    projects: flow.projects,
    contract,
    review: flow.review ?? (contract === "findings" ? "every-push" : "once"),
    language: flow.language,
    inputs: flow.inputs ?? null,
    output: flow.output,
    runner: toRunner(
      flow.dify === undefined ? { ...flow, file: flow.file ?? defaultFile(flow) } : flow,
      near,
    ),
    findings: toFindings(flow, near),
    shadow:
      flow.shadow === null
        ? null
        : { name: flow.shadow.name, share: flow.shadow.share, runner: toRunner(flow.shadow, near) },
    triggers: toTriggers(flow, contract),
    progress: flow.publish.progress,
    ...(flow.reply === undefined ? {} : { reply: flow.reply && toRunner(flow.reply, near) }),
  };
};

const toFindings = (flow: FlowSection, near: Near): FindingsConfig => {
  const optional = (section: RunnerSection | null | undefined): RunnerConfig | null =>
    section === null || section === undefined ? null : toRunner(section, near);
  // Who reviews with our file gets our walk-through, too; another flow may have one of its own.
  const isOurs = flow.dify === undefined && builtinOf(flow.file ?? defaultFile(flow)) !== null;
  const summary =
    flow.summary === undefined && isOurs ? { file: "builtin:summary", secrets: {}, tools: {} } : flow.summary;
  return {
    passes: flow.passes.map((pass) => toRunner(pass, near)),
    verify: optional(flow.verify),
    summary: optional(summary),
    rules: flow.rules,
    repositoryRules: flow.repository_rules,
    paths: flow.paths,
    limits: {
      unitTokens: flow.limits.unit_tokens,
      unitsAtOnce: flow.limits.units_at_once,
      threads: flow.limits.threads,
      tokens: flow.limits.tokens,
      cost: flow.limits.cost,
    },
    least: flow.least,
    publish: { labels: flow.publish.labels, status: flow.publish.status },
  };
};

type Section = Pick<RunnerSection, "file" | "dify" | "secrets" | "tools">;

const toRunner = (section: Section, near: Near): RunnerConfig =>
  section.dify === undefined
    ? toEmbedded(section.file ?? "builtin:review", section, near)
    : toDify(section.dify, section, near);

const toEmbedded = (file: string, { secrets, tools }: Section, near: Near): EmbeddedRunnerConfig => ({
  kind: "embedded",
  file: toFile(file, near),
  secrets,
  tools: Object.fromEntries(
    Object.entries(tools).map(([name, target]) => [
      name,
      target.kind === "flow" ? { ...target, path: near(target.path) } : target,
    ]),
  ),
});

const toFile = (file: string, near: Near): FlowFile => {
  const builtin = builtinOf(file);
  return builtin === null || builtin === "unknown"
    ? { kind: "path", path: near(file) }
    : { kind: "builtin", name: builtin };
};

const toDify = (dify: DifySection, section: Section, near: Near): RunnerConfig => ({
  kind: "dify",
  url: dify.url,
  apiKey: dify.api_key,
  workflowId: dify.workflow_id,
  mode: dify.mode,
  idleTimeoutMs: dify.idle_timeout,
  totalTimeoutMs: dify.total_timeout,
  queueTimeoutMs: dify.queue_timeout,
  lookupTimeoutMs: dify.lookup_timeout,
  fallback: dify.fallback === null ? null : toEmbedded(dify.fallback, section, near),
});
