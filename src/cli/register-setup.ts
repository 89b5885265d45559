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
    "create the hooks that are missing and mend those that are wrong; shows the plan, does it with --yes",
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

type DoctorOptions = Pick<HookOptions, "config" | "url" | "tokenEnv"> & {
  readonly resend?: boolean;
  readonly json?: boolean;
};

/** Adds the commands that set Reviewflow up at GitLab and look at everything around it. */
export const registerSetup = (program: Command): void => {
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
    .description("look at everything around the server and say what to mend")
    .argument(
      "[group_or_project...]",
      "what to look at in GitLab; the configuration's full project paths when left out",
    )
    .option(...CONFIG)
    .option(...URL)
    .option(...TOKEN)
    .option("--resend", "have GitLab send events again that never arrived")
    .option("--json", "one JSON array instead of text")
    .action(async (names: readonly string[], options: DoctorOptions) => {
      const { runDoctor } = await import("./doctor.ts");
      process.exitCode = await runDoctor(names, options);
    });
};
