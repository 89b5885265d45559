import { describeReason } from "./describe-reason.ts";
import { z } from "zod";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Config, FlowConfig } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { flowFor } from "../config/flow-for.ts";
import { createGitLabClient, type GitLabClient } from "../gitlab/client.ts";
import { createForge } from "../gitlab/forge.ts";
import type { Translate } from "../messages/format-message.ts";
import { message } from "../messages/message.ts";
import { explainRules, section } from "../review/rules/explain-rules.ts";
import type { RepositorySettings } from "../review/rules/repository-settings.ts";
import { createTeamRules, type TeamRulesReading } from "../worker/findings/team-rules.ts";
import { openAdminClient } from "./admin-client.ts";
import { CommandError } from "./command-error.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** How `rules` looks them up. */
export type RulesOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The target branch; the project's default branch when left out. */
  readonly branch?: string;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

const Project = z.object({
  id: z.int(),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
});

/**
 * `reviewflow rules PROJECT PATH…`: says which rules hold when these files of a project are changed, in
 * their order and from where, which do not and why, and what the repository's settings change. Returns
 * the exit code: 1 when the project or its rules cannot be read.
 */
export const showRules = async (
  project: string,
  paths: readonly string[],
  options: RulesOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  try {
    const { lines, failure } = await describeRules(project, paths, options);
    write(printable(lines.map((line) => `${line}\n`).join("")));
    if (failure !== null) complain(printable(`${failure}\n`));
    return failure === null ? 0 : 1;
  } catch (error) {
    return tellFailure(error, complain, terminalTexts(options.environment));
  }
};

type Description = { readonly lines: readonly string[]; readonly failure: string | null };

const describeRules = async (
  name: string,
  paths: readonly string[],
  options: RulesOptions,
): Promise<Description> => {
  const { config: file, branch: wanted, environment = await readServerEnvironment(options) } = options;
  const config = readConfig(environment, file ?? null);
  const client = openClient(config, environment);
  const params = { id: /^\d+$/.test(name) ? Number(name) : name.replaceAll(/^\/+|\/+$/g, "") };
  const project = await client.json({ route: "/projects/:id", params }, Project);
  const projectPath = project.path_with_namespace;
  const flow = flowOf(config, projectPath);
  const branch = wanted ?? project.default_branch ?? "";
  const rules = createTeamRules({
    host: config.rules,
    flow: { name: flow.name, rules: flow.findings.rules, language: flow.language },
    repository: flow.findings.repositoryRules,
  });
  const reading = await rules.read(
    createForge(client, { clock: systemClock, logger: silentLogger }),
    { ref: { projectId: project.id }, projectPath, targetBranch: branch },
    new AbortController().signal,
    silentLogger,
  );
  const t = terminalTexts(environment);
  const made = { project: projectPath, flow: flow.name };
  return {
    lines: [
      !flow.findings.repositoryRules
        ? t("rules.flow-only", made)
        : reading.isFromDefault
          ? t("rules.flow-and-default", { ...made, branch, default: project.default_branch ?? "" })
          : t("rules.flow-and-branch", { ...made, branch }),
      ...explainRules(t, reading.sources, paths),
      ...describeReading(t, reading),
    ],
    failure: reading.failure === null ? null : describeReason(reading.failure, t),
  };
};

/** The server's own token, so that what it may not see is not shown here either. */
const openClient = (config: Config, environment: Environment): GitLabClient => {
  const { url, token, timeoutMs } = config.gitlab;
  if (token === null) return openAdminClient(config.gitlab, { environment }).client;
  return createGitLabClient({ url, token, timeoutMs });
};

const flowOf = (config: Config, projectPath: string): FlowConfig => {
  const flow = flowFor(config, projectPath);
  if (flow === null) throw new CommandError(message("cli.rules.no-flow", { project: projectPath }));
  const { name, contract } = flow;
  if (contract !== "findings")
    throw new CommandError(message("project.not-findings", { flow: name, contract }));
  return flow;
};

const describeReading = (t: Translate, { settings, problems }: TeamRulesReading): readonly string[] => [
  ...section(t("rules.settings"), describeSettings(settings)),
  ...section(t("rules.problems"), problems.map(t.reason)),
];

const describeSettings = ({ language, paths, least, threads }: RepositorySettings): readonly string[] =>
  Object.entries({
    language,
    "paths.include": paths.include.join(", ") || null,
    "paths.exclude": paths.exclude.join(", ") || null,
    "least.severity": least.severity,
    "least.confidence": least.confidence,
    threads,
  }).flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`]));
