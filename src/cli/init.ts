import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Clock, systemClock } from "../base/clock.ts";
import { ConfigError, explainError } from "../base/errors.ts";
import type { Environment } from "../config/environment.ts";
import { renderDiagnosis } from "../doctor/render-diagnosis.ts";
import { hookAddress } from "../gitlab/hooks/hook-address.ts";
import { languageOfTerminal } from "../messages/choose-language.ts";
import type { Translate } from "../messages/format-message.ts";
import { englishName } from "../messages/language.ts";
import { type Message, message } from "../messages/message.ts";
import { CommandError } from "./command-error.ts";
import { runHook } from "./hook.ts";
import {
  examineNames,
  examineReviewer,
  examineToken,
  type KnownGitLab,
  proposeProjects,
  type Show,
} from "./init/examine-settings.ts";
import { createPrompter, type Prompter, silentPrompter } from "./init/prompter.ts";
import {
  CONFIG_FILE,
  ENV_FILE,
  existingFiles,
  keepOld,
  type Settings,
  writeSettings,
} from "./init/write-settings.ts";
import {
  commandName,
  printable,
  processTerminal,
  tellFailure,
  type Terminal,
  terminalTexts,
} from "./terminal.ts";

/** What `init` is told; what is left out is taken from the environment, else asked for. */
export type InitOptions = Partial<Terminal> & {
  readonly gitlabUrl?: string;
  readonly gitlabToken?: string;
  /** Projects and groups by their paths. */
  readonly project?: readonly string[];
  readonly modelProvider?: string;
  readonly modelName?: string;
  readonly modelKey?: string;
  readonly modelUrl?: string;
  readonly difyUrl?: string;
  readonly difyKey?: string;
  readonly contract?: string;
  readonly language?: string;
  /** Where GitLab reaches the server. */
  readonly url?: string;
  /** Adds the webhook, too. */
  readonly installHook?: boolean;
  /** The variable with a Maintainer's token, for the webhook. */
  readonly tokenEnv?: string;
  /** Asks nothing. */
  readonly yes?: boolean;
  /** Replaces files that are there, which are kept under another name. */
  readonly force?: boolean;
  readonly folder?: string;
  readonly environment?: Environment;
  readonly input?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly clock?: Clock;
};

/**
 * `reviewflow init`: sets a server up in a folder. Every answer is tried out at once: the token and the projects
 * at GitLab, the model by one small call, the Dify app by its inputs. Only when all work are `.env` (secrets,
 * for its owner alone) and `reviewflow.yml` written. Returns the exit code: 1 when something is missing or does
 * not work, and then nothing was written.
 */
export const runInit = async (options: InitOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const t = terminalTexts(options.environment);
  using prompter =
    options.yes === true ? silentPrompter : createPrompter(options.input ?? process.stdin, write);
  try {
    return await setUp({
      options,
      prompter,
      t,
      environment: options.environment ?? process.env,
      clock: options.clock ?? systemClock,
      folder: options.folder ?? process.cwd(),
      say: (line) => write(printable(`${line}\n`)),
      show: (diagnosis) => write(printable(renderDiagnosis(t, diagnosis))),
    });
  } catch (error) {
    return tellFailure(error, complain, t);
  }
};

type Setup = {
  readonly options: InitOptions;
  readonly prompter: Prompter;
  readonly t: Translate;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly show: Show;
};

const setUp = async (setup: Setup): Promise<number> => {
  const { options, environment, folder, say, t } = setup;
  const old = await agreeToReplace(setup);
  const gitlab = await settleGitLab(setup);
  const projects = await settleProjects(setup, gitlab.known);
  const reviewer = await settleReviewer(setup);
  const language = await settleLanguage(setup);
  const publicUrl = await settlePublicUrl(setup);
  const secret = environment["WEBHOOK_SECRET"] ?? "";
  const variables = {
    GITLAB_URL: gitlab.url,
    GITLAB_TOKEN: gitlab.token,
    WEBHOOK_SECRET: secret === "" ? randomBytes(24).toString("hex") : secret,
    ...reviewer.variables,
  };
  const settings: Settings = {
    variables,
    publicUrl,
    projects: projects.globs,
    language,
    contract: reviewer.contract,
  };
  for (const name of old) say(t("init.kept", { name, kept: await keepOld(folder, name) }));
  await writeSettings(folder, settings, t);
  say(`\n${t("init.written", { env: ENV_FILE, config: CONFIG_FILE, folder })}`);
  const hooked = await offerHook(setup, settings, projects.names);
  conclude(setup, gitlab.known, settings, projects.names, hooked);
  return hooked === "failed" && options.installHook === true ? 1 : 0;
};

/** The files that are to be replaced. Throws a CommandError where nobody agrees to that. */
const agreeToReplace = async ({ options, prompter, folder, t }: Setup): Promise<readonly string[]> => {
  const old = await existingFiles(folder);
  if (old.length === 0 || options.force === true) return old;
  const files = old.join(", ");
  const answer = await prompter.ask({ text: t("init.ask.replace", { files, folder }), fallback: "n" });
  if (answer !== null && /^y(es)?$/i.test(answer)) return old;
  throw new CommandError(message("init.exists", { files, folder }));
};

/** What somebody has to answer: with it, whether the answer stays off the screen. */
type Needed = { readonly question: Message; readonly flags: Message; readonly secret?: boolean };

/** Asks; throws a CommandError with the flags when nobody answers. */
const ask = async ({ prompter, t }: Setup, { question, flags, secret = false }: Needed): Promise<string> => {
  const answer = await prompter.ask({ text: t.message(question), secret });
  if (answer !== null) return answer;
  throw new CommandError(message("init.no-answer", { question, flags }));
};

const flagsFor = (option: string, variable: string): Message =>
  message("init.flags.or", { option, variable });

/** The given texts that are not empty, first come first served. */
const firstOf = (...given: readonly (string | undefined)[]): string | undefined =>
  given.map((text) => text?.trim()).find((text) => text !== undefined && text !== "");

/** What was given beforehand answers a question once; when that does not work, somebody is asked. */
const settleGitLab = async (
  setup: Setup,
): Promise<{ readonly url: string; readonly token: string; readonly known: KnownGitLab }> => {
  const { options, environment, clock, show } = setup;
  for (let isFirst = true; ; isFirst = false) {
    const given = isFirst
      ? {
          url: firstOf(options.gitlabUrl, environment["GITLAB_URL"]),
          token: firstOf(options.gitlabToken, environment["GITLAB_TOKEN"]),
        }
      : {};
    const url =
      given.url ??
      (await ask(setup, {
        question: message("init.ask.gitlab-url"),
        flags: flagsFor("--gitlab-url", "GITLAB_URL"),
      }));
    const token =
      given.token ??
      (await ask(setup, {
        question: message("init.ask.gitlab-token"),
        flags: flagsFor("--gitlab-token", "GITLAB_TOKEN"),
        secret: true,
      }));
    const known = await examineToken(url, token, clock, show);
    if (known !== null) return { url: known.named.client.url, token, known };
  }
};

const settleProjects = async (
  setup: Setup,
  known: KnownGitLab,
): Promise<{ readonly names: readonly string[]; readonly globs: readonly string[] }> => {
  const { options, prompter, clock, show, t } = setup;
  for (let isFirst = true; ; isFirst = false) {
    let names = isFirst ? options.project : undefined;
    if (names === undefined) {
      const fallback = (await proposeProjects(known)).join(" ");
      const answer = await prompter.ask({ text: t("init.ask.projects"), fallback });
      if (answer === null && !isFirst) throw new CommandError(message("init.projects-needed"));
      names = (answer ?? "").split(/[\s,]+/).filter((name) => name !== "");
    }
    if (names.length === 0) return { names, globs: [] };
    const globs = await examineNames(known, names, clock, show);
    if (globs !== null) return { names, globs };
  }
};

type Reviewer = { readonly variables: Readonly<Record<string, string>>; readonly contract: string | null };

const settleReviewer = async (setup: Setup): Promise<Reviewer> => {
  const { options, clock, show } = setup;
  for (let isFirst = true; ; isFirst = false) {
    const given = isFirst ? givenReviewer(setup) : null;
    const variables = given ?? (await askReviewer(setup));
    const examined = await examineReviewer(variables, options.contract ?? null, clock, show);
    if (examined !== "failed") return { variables, contract: examined.contract };
  }
};

const compact = (fields: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, value]],
    ),
  );

/** The model or Dify app that flags and environment name; null where they name neither wholly. */
const givenReviewer = ({ options, environment }: Setup): Readonly<Record<string, string>> | null => {
  const isModel = firstOf(options.modelName) !== undefined;
  const dify = {
    DIFY_URL: firstOf(options.difyUrl, environment["DIFY_URL"]),
    DIFY_API_KEY: firstOf(options.difyKey, environment["DIFY_API_KEY"]),
  };
  if (!isModel && dify.DIFY_URL !== undefined && dify.DIFY_API_KEY !== undefined) return compact(dify);
  const model = {
    MODEL_PROVIDER: firstOf(options.modelProvider, environment["MODEL_PROVIDER"]),
    MODEL_NAME: firstOf(options.modelName, environment["MODEL_NAME"]),
    MODEL_BASE_URL: firstOf(options.modelUrl, environment["MODEL_BASE_URL"]),
    MODEL_API_KEY: firstOf(options.modelKey, environment["MODEL_API_KEY"]),
  };
  const isWhole =
    model.MODEL_NAME !== undefined && (model.MODEL_BASE_URL ?? model.MODEL_API_KEY) !== undefined;
  return isWhole ? compact(model) : null;
};

const askReviewer = async (setup: Setup): Promise<Readonly<Record<string, string>>> => {
  const flags = message("init.flags.reviewer");
  const name = await ask(setup, { question: message("init.ask.model"), flags });
  if (name === "") {
    const url = await ask(setup, { question: message("init.ask.dify-url"), flags });
    const secret = { question: message("init.ask.dify-key"), flags, secret: true };
    return compact({ DIFY_URL: url, DIFY_API_KEY: await ask(setup, secret) });
  }
  const url = await ask(setup, { question: message("init.ask.model-url"), flags });
  const key = await ask(setup, { question: message("init.ask.model-key"), flags, secret: true });
  return compact({ MODEL_NAME: name, MODEL_BASE_URL: url, MODEL_API_KEY: key });
};

const settleLanguage = async ({ options, prompter, environment, t }: Setup): Promise<string> => {
  const given = firstOf(options.language, environment["REVIEWFLOW_LANGUAGE"]);
  const fallback = englishName(languageOfTerminal(environment));
  return given ?? (await prompter.ask({ text: t("init.ask.language"), fallback })) ?? fallback;
};

const settlePublicUrl = async (setup: Setup): Promise<string | null> => {
  const { options, prompter, environment, say, t } = setup;
  let given = firstOf(options.url, environment["REVIEWFLOW_PUBLIC_URL"]);
  for (;;) {
    const answer = given ?? (await prompter.ask({ text: t("init.ask.public-url") })) ?? "";
    if (answer === "") return null;
    try {
      hookAddress(answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ConfigError) || given !== undefined) throw error;
      given = undefined;
      say(explainError(t, error));
    }
  }
};

/** Adds the webhook where somebody wants it and it can be done. */
const offerHook = async (
  { options, prompter, environment, folder, say, t }: Setup,
  { variables, publicUrl }: Settings,
  names: readonly string[],
): Promise<"installed" | "failed" | "left"> => {
  if (publicUrl === null || names.length === 0) {
    if (options.installHook !== true) return "left";
    say(t("init.hook-needs"));
    return "failed";
  }
  const added: Record<string, string | undefined> = {};
  if (options.installHook !== true) {
    const text = t("init.ask.admin-token", { projects: names.join(", ") });
    const token = await prompter.ask({ text, secret: true });
    if (token === null || token === "") return "left";
    added["GITLAB_ADMIN_TOKEN"] = token;
  }
  const code = await runHook("install", names, {
    ...(options.write === undefined ? {} : { write: options.write }),
    ...(options.complain === undefined ? {} : { complain: options.complain }),
    ...(options.tokenEnv === undefined ? {} : { tokenEnv: options.tokenEnv }),
    environment: { ...environment, ...variables, REVIEWFLOW_CONFIG: undefined, ...added },
    config: join(folder, CONFIG_FILE),
    yes: true,
  });
  return code === 0 ? "installed" : "failed";
};

const conclude = (
  { environment, say, t }: Setup,
  { seen }: KnownGitLab,
  { publicUrl }: Settings,
  names: readonly string[],
  hooked: "installed" | "failed" | "left",
): void => {
  const command = commandName(environment);
  const bot = seen.user === null ? null : `@${seen.user.username}`;
  say(`\n${t("init.start", { command: `${command} serve` })}`);
  if (hooked !== "installed") {
    const projects = names.join(" ") || "GROUP_OR_PROJECT";
    const address = publicUrl === null ? " --url ADDRESS_OF_THIS_SERVER" : "";
    const install = ["GITLAB_ADMIN_TOKEN=glpat-…", command, "hook install", `${projects}${address}`, "--yes"];
    say(t("init.add-hook", { command: install.join(" ") }));
  }
  if (bot !== null) say(t("init.bot", { bot }));
};
