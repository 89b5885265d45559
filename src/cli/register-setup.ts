import type { Command } from "commander";
import { text } from "./catalogue-command.ts";

const CONFIG = ["-c, --config <file>", text("cli.option.config")] as const;
const URL = ["--url <address>", text("cli.option.url")] as const;
const TOKEN = ["--token-env <name>", text("cli.option.token-env")] as const;

const HOOK_ACTIONS = ["install", "remove", "status"] as const;

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
  ["gitlabUrl", "--gitlab-url <address>", text("cli.option.init.gitlab-url")],
  ["gitlabToken", "--gitlab-token <token>", text("cli.option.init.gitlab-token")],
  ["modelName", "--model-name <name>", text("cli.option.init.model-name")],
  ["modelProvider", "--model-provider <provider>", text("cli.option.init.model-provider")],
  ["modelUrl", "--model-url <address>", text("cli.option.init.model-url")],
  ["modelKey", "--model-key <key>", text("cli.option.init.model-key")],
  ["difyUrl", "--dify-url <address>", text("cli.option.init.dify-url")],
  ["difyKey", "--dify-key <key>", text("cli.option.init.dify-key")],
  ["contract", "--contract <contract>", text("cli.option.init.contract")],
  ["language", "--language <language>", text("cli.option.init.language")],
] as const;

const registerInit = (program: Command): void => {
  const command = program.command("init").description(text("cli.help.init"));
  for (const [, flag, description] of INIT_TEXTS) command.option(flag, description);
  command
    .option("--project <path...>", text("cli.option.init.project"))
    .option("--url <address>", text("cli.option.init.url"))
    .option("--install-hook", text("cli.option.init.install-hook"))
    .option(...TOKEN)
    .option("--yes", text("cli.option.init.yes"))
    .option("--force", text("cli.option.init.force"))
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
  const hook = program.command("hook").description(text("cli.help.hook"));
  for (const action of HOOK_ACTIONS) {
    const command = hook
      .command(action)
      .description(text(`cli.help.hook.${action}`))
      .argument("<group_or_project...>", text("cli.argument.hook.projects"))
      .option(...CONFIG)
      .option(...URL)
      .option("--insecure", text("cli.option.hook.insecure"))
      .option(...TOKEN);
    if (action !== "status") command.option("--yes", text("cli.option.hook.yes"));
    if (action === "install") command.option("--renew-secrets", text("cli.option.hook.renew-secrets"));
    command.action(async (names: readonly string[], options: HookOptions) => {
      const { runHook } = await import("./hook.ts");
      process.exitCode = await runHook(action, names, options);
    });
  }
  program
    .command("doctor")
    .description(text("cli.help.doctor"))
    .argument("[group_or_project_or_address...]", text("cli.argument.doctor.subjects"))
    .option(...CONFIG)
    .option(...URL)
    .option(...TOKEN)
    .option("--model", text("cli.option.doctor.model"))
    .option("--resend", text("cli.option.doctor.resend"))
    .action(async (names: readonly string[], options: DoctorOptions) => {
      const { runDoctor } = await import("./doctor.ts");
      process.exitCode = await runDoctor(names, options);
    });
};
