import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { DifyRunnerConfig, EmbeddedRunnerConfig, RunnerConfig } from "../config/config.ts";
import { createDifyRunner } from "../dify/dify-runner.ts";
import { createEmbeddedRunner, missingSecrets } from "../embedded/embedded-runner.ts";
import { neededSecrets } from "../flow/engine/initial-pool.ts";
import type { Flow } from "../flow/flow.ts";
import { withLessons } from "../knowledge/lessons-dataset.ts";
import type { ModelCallRecord } from "../llm/model-options.ts";
import { checkModels } from "../llm/resolve-model.ts";
import type { FlowRunner } from "../review/flow-runner.ts";
import type { SharedGates } from "./call-gates.ts";
import { openEngine, toRouting, type Engine, type EngineConfig, type EngineOptions } from "./open-engine.ts";
import { readFlowFile } from "./read-flow-file.ts";

/** A runner and what tells whether it still is the same flow. */
export type OpenedRunner = {
  readonly runner: FlowRunner;
  /** Changes when the flow does, as far as that can be seen from here. */
  readonly digest: string;
};

/** The runners of a configuration, by the section that describes them. */
export type Runners = AsyncDisposable & {
  readonly of: (section: RunnerConfig) => OpenedRunner;
  /** The workflow of a section that runs in this process; null for one on Dify. */
  readonly flowOf: (section: RunnerConfig) => Flow | null;
  /** The flow that answers notes; null where no model is set up that it could use. */
  readonly answers: OpenedRunner | null;
  /** Null when no flow runs in this process. */
  readonly engine: Engine | null;
};

type Sections = readonly (readonly [setting: string, section: RunnerConfig])[];

/** Every runner that the configuration names, with its key. */
const sectionsOf = (config: Pick<EngineConfig, "flows">): Sections =>
  config.flows.flatMap(({ name, runner, findings, contract }) => {
    const at = `flows.${name}`;
    if (contract !== "findings") return [[at, runner] as const];
    const further = [
      ...findings.passes.map((pass, index) => [`${at}.passes[${index}]`, pass] as const),
      [`${at}.verify`, findings.verify] as const,
      [`${at}.summary`, findings.summary] as const,
    ];
    return [
      [at, runner] as const,
      ...further.flatMap(([key, section]) => (section === null ? [] : [[key, section] as const])),
    ];
  });

/**
 * Makes every runner of the configuration. Files are read and checked here, all of them, so that a
 * ConfigError names everything that is to be changed.
 */
export const openRunners = async (
  config: EngineConfig,
  options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly gates?: Pick<SharedGates, "dify">;
    /** Told of every attempt of a model call; must not throw. */
    readonly onModelCall?: (call: ModelCallRecord) => void;
    /** See EngineOptions. */
    readonly adaptModel?: NonNullable<EngineOptions["adaptModel"]>;
  },
): Promise<Runners> => {
  const { clock, logger } = options;
  const answers = answersOf(config, options.logger);
  const configured = sectionsOf(config);
  const sections = answers === null ? configured : [...configured, ["answers", ANSWERS] as const];
  const flows = new Map(readFlows(configured));
  // Read already, to see whether there is a model for it.
  if (answers !== null) flows.set(ANSWERS, answers);
  for (const flow of flows.values()) {
    for (const { title, message } of flow.warnings)
      logger.warn({ flow: flow.name, node: title, warning: message }, "Workflow file has a weak spot");
  }
  const engine =
    flows.size === 0 ? null : await openEngine({ ...options, config, flows: [...flows.values()] });
  const limits = { maxMs: config.engine.runTimeoutMs, maxSteps: config.engine.maxSteps };
  const runners = new Map<RunnerConfig, OpenedRunner>();
  for (const [, section] of sections) {
    if (section.kind === "dify") {
      runners.set(section, {
        runner: openDify(section, options),
        digest: `dify ${section.url} ${section.workflowId ?? "newest"}`,
      });
      continue;
    }
    const flow = flows.get(section);
    if (flow === undefined || engine === null) continue;
    const secrets = new Map(Object.entries(section.secrets));
    runners.set(section, {
      runner: createEmbeddedRunner({ flow, ports: engine.ports, withLessons, secrets, limits, clock }),
      digest: flow.digest,
    });
  }
  return {
    engine,
    answers: runners.get(ANSWERS) ?? null,
    of: (section) => {
      const opened = runners.get(section);
      if (opened === undefined) throw new ConfigError(["a flow was asked for that is not configured"]);
      return opened;
    },
    flowOf: (section) => flows.get(section) ?? null,
    [Symbol.asyncDispose]: async () => await engine?.[Symbol.asyncDispose](),
  };
};

const ANSWERS: EmbeddedRunnerConfig = {
  kind: "embedded",
  file: { kind: "builtin", name: "reply" },
  secrets: {},
};

/** Questions are answered as soon as there is a model for them; nobody who set up none is kept from starting. */
const answersOf = (config: EngineConfig, logger: Logger): Flow | null => {
  if (config.models.length === 0) return null;
  const flow = readFlowFile(ANSWERS.file, "answers");
  const models = [...flow.nodes.values()].flatMap(({ declaration }) => declaration.models);
  const [problem] = checkModels(models, toRouting(config));
  if (problem === undefined) return flow;
  logger.info({ problem }, "Questions in notes are not answered: no model is set up for that");
  return null;
};

const readFlows = (sections: Sections): ReadonlyMap<RunnerConfig, Flow> => {
  const flows = new Map<RunnerConfig, Flow>();
  const problems: string[] = [];
  for (const [setting, section] of sections) {
    if (section.kind !== "embedded") continue;
    try {
      const flow = readFlowFile(section.file, `${setting}.file`);
      problems.push(...lacking(flow, section, setting));
      flows.set(section, flow);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return flows;
};

const lacking = (flow: Flow, section: EmbeddedRunnerConfig, setting: string): readonly string[] =>
  missingSecrets(neededSecrets(flow), new Map(Object.entries(section.secrets)), `${setting}.secrets`);

const openDify = (
  section: DifyRunnerConfig,
  { clock, logger, gates }: Parameters<typeof openRunners>[1],
): FlowRunner =>
  createDifyRunner({
    baseUrl: section.url,
    apiKey: section.apiKey,
    workflowId: section.workflowId,
    mode: section.mode,
    limits: {
      idleMs: section.idleTimeoutMs,
      totalMs: section.totalTimeoutMs,
      lookupMs: section.lookupTimeoutMs,
    },
    clock,
    logger,
    ...(gates === undefined ? {} : { gate: gates.dify(section.url) }),
  });
