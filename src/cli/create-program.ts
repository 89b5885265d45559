import { setFlagsFromString } from "node:v8";
import { type Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { CatalogueCommand, text } from "./catalogue-command.ts";
import { registerDemo } from "./demo/register-demo.ts";
import { registerFlow } from "./register-flow.ts";
import { parsePort } from "./parse-port.ts";
import { registerForget } from "./register-forget.ts";
import { registerReview } from "./review/register-review.ts";
import { registerEval } from "./register-eval.ts";
import { registerLessons } from "./register-lessons.ts";
import type { ServeOptions } from "./serve.ts";
import { registerShadow } from "./register-shadow.ts";
import { registerSetup } from "./register-setup.ts";
import { registerUpkeep } from "./register-upkeep.ts";
import { registerWhy } from "./register-why.ts";
import { terminalTexts } from "./terminal.ts";

/**
 * The command line: every command with its options. What a command does is loaded when it is called. Help and
 * complaints are in the language of the environment's locale.
 */
export const createProgram = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Command => {
  const program = new CatalogueCommand("reviewflow", () => terminalTexts(environment))
    .description(text("cli.help.program"))
    // Both hold for the commands below, too.
    .helpOption("-h, --help", text("cli.help.help"))
    .helpCommand("help [command]", text("cli.help.help"))
    .version(packageJson.version, "-V, --version", text("cli.help.version"));
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
  registerOutages(program);
  return program;
};

const registerServe = (program: Command): void => {
  program
    .command("serve")
    .description(text("cli.help.serve"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("-p, --port <port>", text("cli.option.serve.port"), parsePort)
    .addOption(new Option("--role <role>", text("cli.option.serve.role")).choices(["web", "worker", "both"]))
    .option("--check", text("cli.option.serve.check"))
    .action(async (options: ServeOptions) => {
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
    .description(text("cli.help.notify"))
    .command("test")
    .description(text("cli.help.notify.test"))
    .option("-c, --config <file>", text("cli.option.config"))
    .action(async (options: { config?: string }) => {
      const { testNotifications } = await import("./notify.ts");
      process.exitCode = await testNotifications(options);
    });
};

const registerOutages = (program: Command): void => {
  program
    .command("outages")
    .description(text("cli.help.outages"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("--server <address>", text("cli.option.server"))
    .option("--resume", text("cli.option.outages.resume"))
    .action(async (options: { config?: string; server?: string; resume?: boolean }) => {
      const { showOutages } = await import("./outages.ts");
      process.exitCode = await showOutages(options);
    });
};

const registerRules = (program: Command): void => {
  program
    .command("rules")
    .description(text("cli.help.rules"))
    .argument("<project>", text("cli.argument.project"))
    .argument("<path...>", text("cli.argument.rules.paths"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("-b, --branch <branch>", text("cli.option.rules.branch"))
    .action(
      async (project: string, paths: readonly string[], options: { config?: string; branch?: string }) => {
        const { showRules } = await import("./rules.ts");
        process.exitCode = await showRules(project, paths, options);
      },
    );
};
