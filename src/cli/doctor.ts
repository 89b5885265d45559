import { languageOfTerminal } from "../messages/choose-language.ts";
import { translator } from "../messages/format-message.ts";
import { FALLBACK, findLanguage } from "../messages/language.ts";
import { type Message, message } from "../messages/message.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Config, LocalConfig } from "../config/config.ts";
import { flowFor } from "../config/flow-for.ts";
import type { Environment } from "../config/environment.ts";
import { compareClocks } from "../doctor/compare-clocks.ts";
import { type Diagnosis, fail, warn } from "../doctor/diagnosis.ts";
import { examine, type Examination } from "../doctor/examine.ts";
import { type ResolveHost, resolveHost } from "../doctor/examine-address.ts";
import type { MachineFacts } from "../doctor/diagnose-machine.ts";
import { probeMachine } from "../doctor/probe-machine.ts";
import { probeModelInDepth } from "../doctor/probe-model-in-depth.ts";
import { describeDiagnosis, renderDiagnosis, renderSum } from "../doctor/render-diagnosis.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { hookAddress } from "../gitlab/hooks/hook-address.ts";
import { openRunners } from "../wiring/open-runners.ts";
import { findAdminClient } from "./admin-client.ts";
import { CommandError } from "./command-error.ts";
import { flowSubjects } from "./doctor-flows.ts";
import { modelSubjects } from "./doctor-models.ts";
import { askNotices } from "./outages.ts";
import { probedModels } from "./doctor-probe.ts";
import { readConfig, readLocalConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { isAddress } from "./review/choose-merge-request.ts";
import { printable, processTerminal, type Terminal } from "./terminal.ts";

/** How `doctor` looks. */
export type DoctorOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** Where GitLab reaches this server; `server.public_url` when left out, else what hooks say. */
  readonly url?: string;
  /** One JSON array of diagnoses instead of text. */
  readonly json?: boolean;
  /** Probes the models in depth, and nothing else. */
  readonly model?: boolean;
  /** Have events that never arrived sent again. */
  readonly resend?: boolean;
  /** The variable with the token of a Maintainer, for hooks. */
  readonly tokenEnv?: string;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
  readonly clock?: Clock;
  readonly resolve?: ResolveHost;
  readonly machine?: MachineFacts;
};

/**
 * `reviewflow doctor [GROUP_OR_PROJECT | ADDRESS…]`: looks at everything around the server and says of each
 * what to do. An address at GitLab names a group or project, any other one where GitLab reaches this server.
 * Without names it takes the projects that the configuration names by their full paths. Nothing is
 * changed, but that `--resend` has GitLab send lost events again. Returns the exit code: 1 on any failure.
 */
export const runDoctor = async (names: readonly string[], options: DoctorOptions = {}): Promise<number> => {
  const { write = processTerminal.write, json = false, environment = process.env } = options;
  // Programs compare codes; what stands beside them for people is in English for all of them.
  const t = translator(json ? FALLBACK : languageOfTerminal(environment));
  const diagnoses: Diagnosis[] = [];
  const found = options.model === true ? diagnoseModels(options) : diagnose(names, options);
  for await (const diagnosis of found) {
    diagnoses.push(diagnosis);
    if (!json) write(printable(renderDiagnosis(t, diagnosis)));
  }
  const described = diagnoses.map((diagnosis) => describeDiagnosis(t, diagnosis));
  write(json ? `${JSON.stringify(described, null, 2)}\n` : renderSum(t, diagnoses));
  return diagnoses.some(({ level }) => level === "fail") ? 1 : 0;
};

const toDiagnoses = (error: unknown, fix: Message): readonly Diagnosis[] => {
  if (!(error instanceof ConfigError || error instanceof CommandError)) throw error;
  return error.problems.map((problem) => fail("configuration", problem, fix));
};

/** Needs the models' settings alone: who sets up a model first has no GitLab yet. */
async function* diagnoseModels(options: DoctorOptions): AsyncGenerator<Diagnosis> {
  const { environment = await readServerEnvironment(options), clock = systemClock } = options;
  let config: LocalConfig;
  try {
    config = readLocalConfig(environment, options.config ?? null);
  } catch (error) {
    yield* toDiagnoses(error, message("doctor.configuration.fix"));
    return;
  }
  for (const model of probedModels(config, clock)) yield* probeModelInDepth(model);
}

async function* diagnose(names: readonly string[], options: DoctorOptions): AsyncGenerator<Diagnosis> {
  const { environment = await readServerEnvironment(options), clock = systemClock } = options;
  let config: Config;
  let examination: Examination;
  try {
    config = readConfig(environment, options.config ?? null);
    examination = prepare(config, names, options, environment, clock);
  } catch (error) {
    yield* toDiagnoses(error, message("doctor.configuration.fix"));
    return;
  }
  for (const notice of config.notices)
    yield warn("configuration", notice, message("doctor.configuration.guess.fix"));
  for (const { name: flow, language } of config.flows)
    if (findLanguage(language) === null)
      yield warn("language", message("doctor.language", { flow, language }), message("doctor.language.fix"));
  await using opened = new AsyncDisposableStack();
  try {
    const runners = opened.use(await openRunners(config, { clock, logger: silentLogger }));
    examination = { ...examination, flows: flowSubjects(config, runners) };
  } catch (error) {
    yield* toDiagnoses(error, message("doctor.configuration.file.fix"));
  }
  yield* examine(examination);
}

const prepare = (
  config: Config,
  names: readonly string[],
  options: DoctorOptions,
  environment: Environment,
  clock: Clock,
): Examination => {
  const { gitlab, webhook, server } = config;
  const subjects = sortSubjects(names, gitlab.url);
  const comparison = compareClocks(clock);
  const call = { clock, fetch: comparison.fetch, maxAttempts: 2 };
  const { tokenEnv } = options;
  const admin = findAdminClient(gitlab, {
    environment,
    call,
    ...(tokenEnv === undefined ? {} : { tokenEnv }),
  });
  const { url: gitlabUrl, token, timeoutMs } = gitlab;
  const service =
    token === null
      ? null
      : {
          client: createGitLabClient({ url: gitlabUrl, token, timeoutMs, ...call }),
          tokenName: "GITLAB_TOKEN",
        };
  const publicUrl = options.url ?? subjects.url ?? server.publicUrl;
  return {
    clock,
    machine: options.machine ?? probeMachine(),
    store: config.store,
    gitlab: {
      url: gitlabUrl,
      service,
      admin,
      nowMs: clock.now,
      skewMs: comparison.skewMs,
      toleranceMs: webhook.timestampToleranceMs,
    },
    projects: {
      names: subjects.names.length > 0 ? subjects.names : namedProjects(config),
      flowOf: (path) => {
        const flow = flowFor(config, path);
        return flow === null ? null : { name: flow.name, setsStatus: flow.findings.publish.status };
      },
      hooks: { ...webhook, url: publicUrl === null ? null : hookAddress(publicUrl), verifySsl: true },
      resend: options.resend === true,
    },
    notices: config.notifications.length === 0 ? null : () => askNotices(config),
    flows: [],
    models: modelSubjects(config, clock),
    resolve: options.resolve ?? resolveHost,
  };
};

/** What the command line names: groups and projects, and where GitLab reaches this server. */
const sortSubjects = (
  given: readonly string[],
  gitlabUrl: string,
): { readonly names: readonly string[]; readonly url: string | null } => {
  const isAtGitLab = (address: string): boolean => `${address}/`.startsWith(`${gitlabUrl}/`);
  const others = given.filter((text) => isAddress(text) && !isAtGitLab(text));
  const [url = null] = others;
  if (others.length > 1) throw new CommandError(message("cli.doctor.addresses", { addresses: others }));
  const names = given
    .filter((text) => !others.includes(text))
    // What follows the dash is a page of the project.
    .map((text) => (isAddress(text) ? text.slice(gitlabUrl.length).replace(/\/-(\/.*)?$/, "") : text))
    .map((text) => text.replace(/^\/+|\/+$/g, ""))
    .filter((name) => name !== "");
  return { names, url };
};

/** The projects that the configuration names by their full path, without a glob. */
const namedProjects = ({ flows }: Config): readonly string[] => [
  ...new Set(flows.flatMap(({ projects }) => projects.filter((glob) => /^[\w./-]+\/[\w./-]+$/.test(glob)))),
];
