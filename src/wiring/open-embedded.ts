import type { Message } from "../messages/message.ts";
import { ConfigError } from "../base/errors.ts";
import { ANSWERS } from "../config/builtin-flows.ts";
import type { EmbeddedRunnerConfig, RunnerConfig } from "../config/config.ts";
import { createEmbeddedRunner, missingSecrets } from "../embedded/embedded-runner.ts";
import { behindModelGate } from "../embedded/model-gate.ts";
import { neededSecrets } from "../flow/engine/initial-pool.ts";
import type { Flow } from "../flow/flow.ts";
import type { Breakers } from "../base/circuit-breaker.ts";
import type { Logger } from "../base/logger.ts";
import { withLessons } from "../knowledge/lessons-dataset.ts";
import { checkModels } from "../llm/resolve-model.ts";
import { composeRunner } from "../review/compose-runner.ts";
import type { FlowRunner } from "../review/flow-runner.ts";
import { createModelPauses, toRouting } from "./model-routing.ts";
import { type Engine, type EngineConfig, type EngineOptions, openEngine } from "./open-engine.ts";
import { readFlowFile } from "./read-flow-file.ts";

/** A runner and what tells whether it still is the same flow. */
export type OpenedRunner = {
  readonly runner: FlowRunner;
  /** Changes when the flow does, as far as that can be seen from here. */
  readonly digest: string;
};

/** What a configuration runs in this process. */
export type Embedded = {
  /** By the section that names the file. */
  readonly flows: ReadonlyMap<RunnerConfig, Flow>;
  readonly runners: ReadonlyMap<RunnerConfig, OpenedRunner>;
  /** Null when there is nothing to run: no file is named, and no model is set up that could answer notes. */
  readonly engine: Engine | null;
};

type Files = readonly (readonly [setting: string, section: EmbeddedRunnerConfig])[];

/**
 * Reads and checks `files`, and the flow that answers notes where there is a model for it, and opens the engine
 * that they need. Throws a ConfigError that names everything that is to be changed.
 */
export const openEmbedded = async (
  options: Omit<EngineOptions, "flows" | "breakers"> & {
    readonly breakers: Breakers;
    readonly files: Files;
  },
): Promise<Embedded> => {
  const { config, clock, logger, breakers, files } = options;
  const answers = answersOf(config, logger);
  const flows = new Map(readFlows(files));
  // Read already, to see whether there is a model for it.
  if (answers !== null) flows.set(ANSWERS, answers);
  for (const flow of flows.values()) {
    for (const { title, message } of flow.warnings)
      logger.warn({ flow: flow.name, node: title, warning: message }, "Workflow file has a weak spot");
  }
  const runners = new Map<RunnerConfig, OpenedRunner>();
  if (flows.size === 0) return { flows, runners, engine: null };
  const called = readCalledFlows([...files, ["answers", ANSWERS]]);
  const engine = await openEngine({ ...options, flows: [...flows.values(), ...called.values()] });
  const limits = { maxMs: config.engine.runTimeoutMs, maxSteps: config.engine.maxSteps };
  for (const [section, flow] of flows) {
    const secrets = new Map(Object.entries(section.secrets));
    const tools = engine.toolsWith({ targets: section.tools, flows: called, secrets, limits });
    const plain = createEmbeddedRunner({
      flow,
      ports: engine.ports,
      tools,
      withLessons,
      secrets,
      limits,
      clock,
    });
    const isPaused = createModelPauses(flow, toRouting(config), breakers);
    const runner = composeRunner(plain, {
      warmUp: (inner) => afterWarmUp(inner, () => engine.warmUp(flow)),
      circuitBreaker: (inner) => behindModelGate(inner, isPaused),
    });
    runners.set(section, { runner, digest: flow.digest });
  }
  return { flows, runners, engine };
};

/** Starts what a flow needs when a run begins, so that it is ready when the run comes to it; no run waits for it. */
const afterWarmUp = (runner: FlowRunner, warmUp: () => Promise<void>): FlowRunner => ({
  describe: runner.describe,
  run: async (request) => {
    // Where it fails, a node that needs it fails with the same reason.
    warmUp().catch(() => undefined);
    return await runner.run(request);
  },
});

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

const readFlows = (files: Files): ReadonlyMap<EmbeddedRunnerConfig, Flow> => {
  const flows = new Map<EmbeddedRunnerConfig, Flow>();
  const problems: Message[] = [];
  for (const [setting, section] of files) {
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

/** The workflow files that flows call as tools, by path. */
export const readCalledFlows = (files: Files): ReadonlyMap<string, Flow> => {
  const flows = new Map<string, Flow>();
  const problems: Message[] = [];
  for (const [setting, section] of files) {
    for (const [tool, target] of Object.entries(section.tools)) {
      if (target.kind !== "flow") continue;
      try {
        const key = `${setting}.tools["${tool}"]`;
        const flow = flows.get(target.path) ?? readFlowFile({ kind: "path", path: target.path }, key);
        problems.push(...lacking(flow, section, setting));
        flows.set(target.path, flow);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return flows;
};

const lacking = (flow: Flow, section: EmbeddedRunnerConfig, setting: string): readonly Message[] =>
  missingSecrets(neededSecrets(flow), new Map(Object.entries(section.secrets)), `${setting}.secrets`);
