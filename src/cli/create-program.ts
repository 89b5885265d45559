import { setFlagsFromString } from "node:v8";
import { Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { registerDemo } from "./demo/register-demo.ts";
import { registerFlow } from "./register-flow.ts";
import { parsePort } from "./parse-port.ts";
import { registerForget } from "./register-forget.ts";
import { registerReview } from "./review/register-review.ts";
import { registerEval } from "./register-eval.ts";
import { registerLessons } from "./register-lessons.ts";
import { registerShadow } from "./register-shadow.ts";
import { registerSetup } from "./register-setup.ts";
import { registerUpkeep } from "./register-upkeep.ts";
import { registerWhy } from "./register-why.ts";

/** The command line: every command with its options. What a command does is loaded when it is called. */
export const createProgram = (): Command => {
  const program = new Command("reviewflow")
    .description("Reviews merge requests of your GitLab with a Dify workflow file that you can edit")
    .version(packageJson.version);
  registerServe(program);
  registerDemo(program);
  registerSetup(program);
  registerReview(program);
  registerUpkeep(program);
  registerEval(program);
  registerWhy(program);
  registerShadow(program);
  registerForget(program);
  registerLessons(program);
  registerRules(program);
  registerFlow(program);
  registerNotify(program);
  return program;
};

const registerServe = (program: Command): void => {
  program
    .command("serve")
    .description("take GitLab's webhooks and review")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .option("-p, --port <port>", "the port that it listens on, over the configured one; 0 for any", parsePort)
    .addOption(
      new Option("--role <role>", "what this server does, over the configured role").choices([
        "web",
        "worker",
        "both",
      ]),
    )
    .action(async (options: { config?: string; role?: "web" | "worker" | "both"; port?: number }) => {
      const { serve } = await loadSmall(() => import("./serve.ts"));
      await serve(options);
    });
};

/**
 * Loads modules in little memory: no function runs often enough while modules are loaded to be worth compiling, and
 * of what they leave behind most is garbage, which is to be collected before the heap of new objects grows. That
 * heap stays small until `serve` lets it grow.
 */
const loadSmall = async <T>(load: () => Promise<T>): Promise<T> => {
  for (const flag of ["--semi-space-growth-factor=1", "--no-opt", "--no-maglev"]) setFlagsFromString(flag);
  try {
    return await load();
  } finally {
    // Before any thread starts, whose compiler is set up by these.
    for (const flag of ["--opt", "--maglev"]) setFlagsFromString(flag);
  }
};

const registerNotify = (program: Command): void => {
  program
    .command("notify")
    .description("look after the channels that operators are told in")
    .command("test")
    .description("send a message to every channel")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .action(async (options: { config?: string }) => {
      const { testNotifications } = await import("./notify.ts");
      process.exitCode = await testNotifications(options);
    });
};

const registerRules = (program: Command): void => {
  program
    .command("rules")
    .description("say which rules hold for files of a project, and from where")
    .argument("<project>", "its path or id")
    .argument("<path...>", "files, as in the repository")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .option("-b, --branch <branch>", "the target branch; the project's default branch when left out")
    .action(
      async (project: string, paths: readonly string[], options: { config?: string; branch?: string }) => {
        const { showRules } = await import("./rules.ts");
        process.exitCode = await showRules(project, paths, options);
      },
    );
};
