import type { Command } from "commander";
import { text } from "./catalogue-command.ts";

/** Adds the command that says how a delivery was handled. */
export const registerWhy = (program: Command): void => {
  program
    .command("why")
    .description(text("cli.help.why"))
    .argument("<delivery>", text("cli.argument.why.delivery"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("--server <address>", text("cli.option.server"))
    .option("--json", text("cli.option.json"))
    .action(async (delivery: string, options: { config?: string; server?: string; json?: boolean }) => {
      const { why } = await import("./why.ts");
      process.exitCode = await why(delivery, options);
    });
};
