import type { Command } from "commander";
import { text } from "./catalogue-command.ts";

/** Adds the command that deletes what is stored of a project. */
export const registerForget = (program: Command): void => {
  program
    .command("forget")
    .description(text("cli.help.forget"))
    .argument("<project>", text("cli.argument.project"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("--server <address>", text("cli.option.server"))
    .option("--yes", text("cli.option.forget.yes"))
    .action(async (project: string, options: { config?: string; server?: string; yes?: boolean }) => {
      const { forget } = await import("./forget.ts");
      process.exitCode = await forget(project, options);
    });
};
