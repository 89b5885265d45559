import { createHash } from "node:crypto";
import { type Breakers, createBreakers } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { ANSWERS } from "../config/builtin-flows.ts";
import type { DifyRunnerConfig, RunnerConfig } from "../config/config.ts";
import type { Flow } from "../flow/flow.ts";
import type { ModelCallRecord, ModelProfiles } from "../llm/model-options.ts";
import { createModelProfiles } from "../llm/model-profile.ts";
import type { SharedGates } from "./call-gates.ts";
import type { Embedded, OpenedRunner } from "./open-embedded.ts";
import type { Engine, EngineConfig, EngineOptions } from "./open-engine.ts";
import { openDify } from "./open-dify.ts";

/** The runners of a configuration, by the section that describes them. */
export type Runners = AsyncDisposable & {
  readonly of: (section: RunnerConfig) => OpenedRunner;
  /** The workflow of a section that runs in this process; null for one on Dify. */
  readonly flowOf: (section: RunnerConfig) => Flow | null;
  /** The flow that answers notes; null where no model is set up that it could use. */
  readonly answers: OpenedRunner | null;
  /** What is known of the models that flows ask in this process. */
  readonly profiles: ModelProfiles;
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
    readonly gates?: Pick<SharedGates, "dify" | "works">;
    /** Keep calls from servers and models that fail again and again; none are kept when left out. */
    readonly breakers?: Breakers;
    /** Told of every attempt of a model call; must not throw. */
    readonly onModelCall?: (call: ModelCallRecord) => void;
    /** See EngineOptions. */
    readonly adaptModel?: NonNullable<EngineOptions["adaptModel"]>;
  },
): Promise<Runners> => {
  const { breakers = createBreakers({ rules: null, clock: options.clock }) } = options;
  const profiles = createModelProfiles(options.clock);
  const sections = withStandIns(sectionsOf(config));
  const files = sections.flatMap(([setting, section]) =>
    section.kind === "embedded" ? [[setting, section] as const] : [],
  );
  // A server whose flows all run on Dify loads neither the engine nor the reader of workflow files.
  const embedded =
    files.length === 0 && config.models.length === 0
      ? null
      : await import("./open-embedded.ts").then(({ openEmbedded }) =>
          openEmbedded({ ...options, breakers, profiles, config, files }),
        );
  const runners = openEach({ config, sections, embedded, breakers, options });
  return {
    profiles,
    engine: embedded?.engine ?? null,
    answers: runners.get(ANSWERS) ?? null,
    of: (section) => {
      const opened = runners.get(section);
      if (opened === undefined) throw new TypeError("A flow was asked for that is not configured");
      return opened;
    },
    flowOf: (section) => embedded?.flows.get(section) ?? null,
    [Symbol.asyncDispose]: async () => await embedded?.engine?.[Symbol.asyncDispose](),
  };
};

/** Adds the runners of apps on Dify to those of files, which may stand in for them. */
const openEach = ({
  config,
  sections,
  embedded,
  breakers,
  options,
}: {
  readonly config: EngineConfig;
  readonly sections: Sections;
  readonly embedded: Embedded | null;
  readonly breakers: Breakers;
  readonly options: Parameters<typeof openRunners>[1];
}): ReadonlyMap<RunnerConfig, OpenedRunner> => {
  const runners = new Map<RunnerConfig, OpenedRunner>(embedded?.runners);
  const posting = new Set(config.flows.flatMap((flow) => (flow.contract === "classic" ? [flow.runner] : [])));
  for (const [setting, section] of sections) {
    if (section.kind !== "dify") continue;
    const { fallback } = section;
    const opened = fallback === null ? undefined : runners.get(fallback);
    const standIn =
      fallback === null || opened === undefined
        ? null
        : { runner: opened.runner, file: fallback.file, hasEffects: posting.has(section) };
    const runner = openDify([setting, section], { ...options, breakers }, standIn);
    runners.set(section, { runner, digest: digestOf(section) });
  }
  return runners;
};

/** The apps of one server differ by their keys alone, which are random and long enough to be told by a digest. */
const digestOf = ({ url, workflowId, apiKey }: DifyRunnerConfig): string => {
  const app = createHash("sha256").update(apiKey.reveal()).digest("hex").slice(0, 16);
  return `dify ${url} ${app} ${workflowId ?? "newest"}`;
};
