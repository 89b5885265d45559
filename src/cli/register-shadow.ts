import { type Command, Argument } from "commander";
import { text } from "./catalogue-command.ts";

/** Adds the command that shows candidates and decides about them. */
export const registerShadow = (program: Command): void => {
  program
    .command("shadow")
    .description(text("cli.help.shadow"))
    .addArgument(
      new Argument("[action]", text("cli.argument.shadow.action"))
        .choices(["show", "promote", "drop", "undo"])
        .default("show"),
    )
    .argument("[flow]", text("cli.argument.shadow.flow"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("--server <address>", text("cli.option.server"))
    .option("--json", text("cli.option.json"))
    .action(
      async (
        action: "show" | "promote" | "drop" | "undo",
        flow: string | undefined,
        options: { config?: string; server?: string; json?: boolean },
      ) => {
        const { shadow } = await import("./shadow.ts");
        process.exitCode = await shadow(action, flow ?? null, options);
      },
    );
};
