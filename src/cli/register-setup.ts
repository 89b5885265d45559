import type { Command } from "commander";

const CONFIG = [
  "-c, --config <file>",
  "the configuration file; the environment alone is enough without one",
] as const;
const URL = ["--url <address>", "where GitLab reaches this server; server.public_url when left out"] as const;
const TOKEN = [
  "--token-env <name>",
  "the variable with a Maintainer's token; else GITLAB_ADMIN_TOKEN, else GITLAB_TOKEN",
] as const;

const HOOK_ACTIONS = [
  [
    "install",
    "create the hooks that are missing and fix those that are wrong; shows the plan, does it with --yes",
  ],
  ["remove", "take our hooks away; shows the plan, does it with --yes"],
  ["status", "say which hooks are missing, wrong or disabled"],
] as const;

type HookOptions = {
  readonly config?: string;
  readonly url?: string;
  readonly yes?: boolean;
  readonly insecure?: boolean;
  readonly renewSecrets?: boolean;
  readonly tokenEnv?: string;
};

type InitOptions = Pick<HookOptions, "url" | "yes" | "tokenEnv"> &
  Readonly<Partial<Record<(typeof INIT_TEXTS)[number][0], string>>> & {
    readonly project?: readonly string[];
    readonly installHook?: boolean;
    readonly force?: boolean;
  };

/** What `init` takes as a text: its name in the options, its flag, its description. */
const INIT_TEXTS = [
  ["gitlabUrl", "--gitlab-url <address>", "address of your GitLab; GITLAB_URL when left out"],
  ["gitlabToken", "--gitlab-token <token>", "its token; better in the environment, as GITLAB_TOKEN"],
  ["modelName", "--model-name <name>", "the model that reviews; MODEL_NAME when left out"],
  ["modelProvider", "--model-provider <provider>", "whose model it is; by its name or address when left out"],
  ["modelUrl", "--model-url <address>", "a model server of your own; MODEL_BASE_URL when left out"],
  ["modelKey", "--model-key <key>", "the model's key; better in the environment, as MODEL_API_KEY"],
  ["difyUrl", "--dify-url <address>", "Dify instead of a model; DIFY_URL when left out"],
  ["difyKey", "--dify-key <key>", "the app's key; better in the environment, as DIFY_API_KEY"],
  ["contract", "--contract <contract>", "classic, note or findings; by the app's inputs when left out"],
  ["language", "--language <language>", "the language of reviews; REVIEWFLOW_LANGUAGE when left out"],
] as const;

const registerInit = (program: Command): void => {
  const command = program
    .command("init")
    .description("set a server up here: asks, tries each answer, writes .env and reviewflow.yml");
  for (const [, flag, description] of INIT_TEXTS) command.option(flag, description);
  command
    .option("--project <path...>", "projects and groups to review; all whose webhook calls when left out")
    .option("--url <address>", "where GitLab will reach this server; decided later when left out")
    .option("--install-hook", "add the webhook, too; it takes a Maintainer's token")
    .option(...TOKEN)
    .option("--yes", "ask nothing")
    .option("--force", "replace files that exist, keeping them under another name")
    .action(async (options: InitOptions) => {
      const { runInit } = await import("./init.ts");
      process.exitCode = await runInit(options);
    });
};

type DoctorOptions = Pick<HookOptions, "config" | "url" | "tokenEnv"> & {
  readonly resend?: boolean;
  readonly json?: boolean;
};

/** Adds the commands that set Reviewflow up at GitLab and look at everything around it. */
export const registerSetup = (program: Command): void => {
  registerInit(program);
  const hook = program.command("hook").description("set up the webhooks of projects and groups in GitLab");
  for (const [action, description] of HOOK_ACTIONS) {
    const command = hook
      .command(action)
      .description(description)
      .argument(
        "<group_or_project...>",
        "paths; a group stands for all its projects, those of subgroups included",
      )
      .option(...CONFIG)
      .option(...URL)
      .option("--insecure", "hooks do not verify the server's certificate")
      .option(...TOKEN);
    if (action !== "status") command.option("--yes", "do it; without it the plan alone is shown");
    if (action === "install")
      command.option("--renew-secrets", "set the secrets anew of hooks that have some");
    command.action(async (names: readonly string[], options: HookOptions) => {
      const { runHook } = await import("./hook.ts");
      process.exitCode = await runHook(action, names, options);
    });
  }
  program
    .command("doctor")
    .description("check everything around the server and say what to fix")
    .argument(
      "[group_or_project_or_address...]",
      "what to check in GitLab, by path or address, and the address of this server; the configuration's full project paths when left out",
    )
    .option(...CONFIG)
    .option(...URL)
    .option(...TOKEN)
    .option("--model", "probe the models in depth and say which settings to write; nothing else is checked")
    .option("--resend", "have GitLab send events again that never arrived")
    .option("--json", "one JSON array instead of text")
    .action(async (names: readonly string[], options: DoctorOptions) => {
      const { runDoctor } = await import("./doctor.ts");
      process.exitCode = await runDoctor(names, options);
    });
};
