import { createHash } from "node:crypto";
import { type Breakers, createBreakers } from "../base/breaker/create-breaker.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { DifyRunnerConfig, EmbeddedRunnerConfig, RunnerConfig } from "../config/config.ts";
import { createEmbeddedRunner, missingSecrets } from "../embedded/embedded-runner.ts";
import { behindModelGate } from "../embedded/model-gate.ts";
import { neededSecrets } from "../flow/engine/initial-pool.ts";
import type { Flow } from "../flow/flow.ts";
import { withLessons } from "../knowledge/lessons-dataset.ts";
import type { ModelCallRecord } from "../llm/model-options.ts";
import { checkModels } from "../llm/resolve-model.ts";
import type { FlowRunner } from "../review/flow-runner.ts";
import type { SharedGates } from "./call-gates.ts";
import { openEngine, toRouting, type Engine, type EngineConfig, type EngineOptions } from "./open-engine.ts";
import { createModelWaits } from "./model-waits.ts";
import { openDify } from "./open-dify.ts";
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
  config.flows.flatMap(({ name, runner, findings, contract, shadow, reply }) => {
    const at = `flows.${name}`;
    const answering = reply === null || reply === undefined ? [] : [[`${at}.reply`, reply] as const];
    const candidate =
      shadow === null || shadow === undefined ? [] : [[`${at}.shadow`, shadow.runner] as const];
    if (contract !== "findings") return [[at, runner] as const, ...candidate, ...answering];
    const further = [
      ...findings.passes.map((pass, index) => [`${at}.passes[${index}]`, pass] as const),
      [`${at}.verify`, findings.verify] as const,
      [`${at}.summary`, findings.summary] as const,
    ];
    return [
      [at, runner] as const,
      ...candidate,
      ...answering,
      ...further.flatMap(([key, section]) => (section === null ? [] : [[key, section] as const])),
    ];
  });

/** The sections with those that stand in for them, each behind its own. */
const withStandIns = (sections: Sections): Sections =>
  sections.flatMap(([key, section]) =>
    section.kind === "dify" && section.fallback !== null
      ? [[key, section] as const, [`${key}.dify.fallback`, section.fallback] as const]
      : [[key, section] as const],
  );

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
    /** Keep calls from servers and models that fail again and again; none are kept when left out. */
    readonly breakers?: Breakers;
    /** Told of every attempt of a model call; must not throw. */
    readonly onModelCall?: (call: ModelCallRecord) => void;
    /** See EngineOptions. */
    readonly adaptModel?: NonNullable<EngineOptions["adaptModel"]>;
  },
): Promise<Runners> => {
  const { logger, breakers = createBreakers({ rules: null, clock: options.clock }) } = options;
  const answers = answersOf(config, options.logger);
  const configured = withStandIns(sectionsOf(config));
  const sections = answers === null ? configured : [...configured, ["answers", ANSWERS] as const];
  const flows = new Map(readFlows(configured));
  // Read already, to see whether there is a model for it.
  if (answers !== null) flows.set(ANSWERS, answers);
  for (const flow of flows.values()) {
    for (const { title, message } of flow.warnings)
      logger.warn({ flow: flow.name, node: title, warning: message }, "Workflow file has a weak spot");
  }
  const engine =
    flows.size === 0 ? null : await openEngine({ ...options, breakers, config, flows: [...flows.values()] });
  const runners = openEach({ config, sections, flows, engine, breakers, options });
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

/** Opens the runner of each section; files first, since they may stand in for apps on Dify. */
const openEach = ({
  config,
  sections,
  flows,
  engine,
  breakers,
  options,
}: {
  readonly config: EngineConfig;
  readonly sections: Sections;
  readonly flows: ReadonlyMap<RunnerConfig, Flow>;
  readonly engine: Engine | null;
  readonly breakers: Breakers;
  readonly options: Parameters<typeof openRunners>[1];
}): ReadonlyMap<RunnerConfig, OpenedRunner> => {
  const { clock } = options;
  const limits = { maxMs: config.engine.runTimeoutMs, maxSteps: config.engine.maxSteps };
  const runners = new Map<RunnerConfig, OpenedRunner>();
  for (const [, section] of sections) {
    const flow = flows.get(section);
    if (section.kind === "dify" || flow === undefined || engine === null) continue;
    const secrets = new Map(Object.entries(section.secrets));
    const plain = createEmbeddedRunner({ flow, ports: engine.ports, withLessons, secrets, limits, clock });
    const waitMs = createModelWaits(flow, toRouting(config), breakers);
    runners.set(section, { runner: behindModelGate(plain, waitMs), digest: flow.digest });
  }
  const posting = new Set(config.flows.flatMap((flow) => (flow.contract === "classic" ? [flow.runner] : [])));
  for (const [, section] of sections) {
    if (section.kind !== "dify") continue;
    const { fallback } = section;
    const opened = fallback === null ? undefined : runners.get(fallback);
    const standIn =
      fallback === null || opened === undefined
        ? null
        : { runner: opened.runner, file: fallback.file, hasEffects: posting.has(section) };
    const runner = openDify(section, { ...options, breakers }, standIn);
    runners.set(section, { runner, digest: digestOf(section) });
  }
  return runners;
};

/** The apps of one server differ by their keys alone, which are random and long enough to be told by a digest. */
const digestOf = ({ url, workflowId, apiKey }: DifyRunnerConfig): string => {
  const app = createHash("sha256").update(apiKey.reveal()).digest("hex").slice(0, 16);
  return `dify ${url} ${app} ${workflowId ?? "newest"}`;
};

/** The flow that answers notes where the configuration names no other. */
export const ANSWERS: EmbeddedRunnerConfig = {
  kind: "embedded",
  file: { kind: "builtin", name: "reply" },
  secrets: {},
};

/** Questions are answered as soon as there is a model for them; nobody who set up none is kept from starting. */
const answersOf = (config: EngineConfig, logger: Logger): Flow | null => {
  if (config.models.length === 0 || config.flows.every(({ reply }) => reply !== undefined)) return null;
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
