import type { Translate } from "../messages/format-message.ts";
import { ReviewflowError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { applyHookStep, type HookSecrets, type StepOutcome } from "../gitlab/hooks/apply-hook-step.ts";
import { describeHookStep } from "../gitlab/hooks/describe-hook-step.ts";
import { fetchVersion, isAtLeast } from "../gitlab/hooks/fetch-version.ts";
import { findProjects } from "../gitlab/hooks/find-projects.ts";
import { createHookApi, type HookApi } from "../gitlab/hooks/hook-api.ts";
import { hookAddress } from "../gitlab/hooks/hook-address.ts";
import { type HookStep, planHooks, planRemoval, type WantedHook } from "../gitlab/hooks/plan-hooks.ts";
import type { HookProject } from "../gitlab/hooks/schema.ts";
import { type HookSettings, wishFor } from "../gitlab/hooks/wanted-hook.ts";
import { type Message, message } from "../messages/message.ts";
import { openAdminClient } from "./admin-client.ts";
import { CommandError } from "./command-error.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** How `hook` works. */
export type HookOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** Where GitLab reaches this server; `server.public_url` when left out. */
  readonly url?: string;
  /** Do it; without it the plan alone is shown. */
  readonly yes?: boolean;
  /** Hooks do not verify the server's certificate. */
  readonly insecure?: boolean;
  /** Set the secrets of hooks anew that have some. */
  readonly renewSecrets?: boolean;
  /** The variable with the token of a Maintainer. */
  readonly tokenEnv?: string;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

/** What `hook` can do. */
export type HookAction = "install" | "remove" | "status";

type ProjectPlan = {
  readonly project: HookProject;
  readonly steps: readonly HookStep[];
  readonly wanted: WantedHook;
  readonly secrets: HookSecrets;
  /** Why there are no steps. */
  readonly problem: Message | null;
};

/**
 * `reviewflow hook install|remove|status GROUP_OR_PROJECT…`: shows what is to be done with the hooks of
 * every project that the names stand for, and with `--yes` does it. Applied again it has nothing to do.
 * Returns the exit code: 1 when something could not be planned or done, or (for `status`) is not right.
 */
export const runHook = async (
  action: HookAction,
  names: readonly string[],
  options: HookOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const say = (line: string): void => write(printable(`${line}\n`));
  try {
    return await perform(action, names, options, say);
  } catch (error) {
    return tellFailure(error, complain, terminalTexts(options.environment));
  }
};

/** A step that is only shown. */
const PLANNED: StepOutcome = { ok: true };

type Say = (line: string) => void;

const perform = async (
  action: HookAction,
  names: readonly string[],
  options: HookOptions,
  say: Say,
): Promise<number> => {
  const { environment = await readServerEnvironment(options), tokenEnv, yes = false } = options;
  const isDone = yes && action !== "status";
  const config = readConfig(environment, options.config ?? null);
  const url = addressOf(options, config);
  const { client, tokenName } = openAdminClient(config.gitlab, {
    environment,
    ...(tokenEnv === undefined ? {} : { tokenEnv }),
  });
  const api = createHookApi(client, tokenName);
  const version = await fetchVersion(client);
  const settings: HookSettings = {
    ...config.webhook,
    url,
    verifySsl: options.insecure !== true,
    renewSecrets: options.renewSecrets === true && action === "install",
    hasSigningTokens: isAtLeast(version, 19, 0),
  };
  const t = terminalTexts(environment);
  const { projects, problems } = await findProjects(client, names);
  for (const problem of problems) say(t.message(problem));
  let failures = problems.length;
  const counts = { create: 0, fix: 0, leave: 0, remove: 0 };
  for (const project of projects) {
    const plan = await planProject(api, project, action, settings);
    say(project.path_with_namespace);
    if (plan.problem !== null) say(`  ! ${t.message(plan.problem)}`);
    if (plan.steps.length === 0 && plan.problem === null) say(`  ${t("hook.nothing-to-remove")}`);
    failures += plan.problem === null ? 0 : 1;
    for (const step of plan.steps) {
      say(`  ${describeStep(t, step, url, action)}`);
      const outcome = isDone
        ? await applyHookStep(api, project.id, step, plan.wanted, plan.secrets)
        : PLANNED;
      if (outcome.ok) {
        counts[step.kind] += 1;
        continue;
      }
      failures += 1;
      say(`  ! ${t.message(outcome.problem)}`);
    }
  }
  const command = commandOf(action, names, options);
  say(conclude(t, action, counts, { projects: projects.length, failures, isDone, command }));
  const isWrong = action === "status" && counts.create + counts.fix + counts.remove > 0;
  return failures > 0 || isWrong ? 1 : 0;
};

const addressOf = ({ url }: HookOptions, { server }: Config): string => {
  const given = url ?? server.publicUrl;
  if (given === null) throw new CommandError(message("cli.hook.no-url"));
  return hookAddress(given);
};

/** A refusal of one project does not keep the others from being planned. */
const planProject = async (
  api: HookApi,
  project: HookProject,
  action: HookAction,
  settings: HookSettings,
): Promise<ProjectPlan> => {
  const wish = wishFor(project.path_with_namespace, settings);
  const nothing: ProjectPlan = {
    project,
    steps: [],
    wanted: { url: settings.url, verifySsl: true, secretToken: "leave", signingToken: "leave" },
    secrets: { secretToken: null, signingToken: null },
    problem: null,
  };
  if (!wish.ok && action !== "remove") return { ...nothing, problem: wish.problem };
  try {
    const hooks = await api.list(project.id);
    if (action === "remove" || !wish.ok) return { ...nothing, steps: planRemoval(settings.url, hooks) };
    return { ...nothing, ...wish, steps: planHooks(wish.wanted, hooks) };
  } catch (error) {
    if (!(error instanceof ReviewflowError)) throw error;
    return { ...nothing, problem: error.what };
  }
};

/** As wide as the longest of the words before a step. */
const VERB_WIDTH = 8;

const describeStep = (t: Translate, step: HookStep, url: string, action: HookAction): string => {
  const verb = action === "status" ? t(`hook.status.${step.kind}`) : t(`hook.verb.${step.kind}`);
  return `${verb.padEnd(VERB_WIDTH)}${t.message(describeHookStep(step, url))}`;
};

const conclude = (
  t: Translate,
  action: HookAction,
  counts: Readonly<Record<HookStep["kind"], number>>,
  {
    projects,
    failures,
    isDone,
    command,
  }: {
    readonly projects: number;
    readonly failures: number;
    readonly isDone: boolean;
    readonly command: string;
  },
): string => {
  const done = t(isDone ? "hook.sum.done" : "hook.sum.plan", { ...counts, projects });
  const sum = failures === 0 ? done : t("hook.sum.problems", { sum: done, count: failures });
  if (isDone || counts.create + counts.fix + counts.remove === 0) return sum;
  return t(action === "status" ? "hook.next.status" : "hook.next.plan", { sum, command });
};

/** The command that does what was shown, with the options that were given. */
const commandOf = (action: HookAction, names: readonly string[], options: HookOptions): string =>
  [
    `reviewflow hook ${action === "remove" ? "remove" : "install"}`,
    ...names,
    ...(options.config === undefined ? [] : [`--config ${options.config}`]),
    ...(options.url === undefined ? [] : [`--url ${options.url}`]),
    ...(options.tokenEnv === undefined ? [] : [`--token-env ${options.tokenEnv}`]),
    ...(options.insecure === true ? ["--insecure"] : []),
    ...(options.renewSecrets === true ? ["--renew-secrets"] : []),
    "--yes",
  ].join(" ");
