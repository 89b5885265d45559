import { type Command, Option } from "commander";
import { text } from "./catalogue-command.ts";

/** Adds the commands that look at workflow files. */
export const registerFlow = (program: Command): void => {
  const flow = program.command("flow").description(text("cli.help.flow"));

  flow
    .command("check")
    .description(text("cli.help.flow.check"))
    .argument("<file...>", text("cli.argument.flow.files"))
    .option("--json", text("cli.option.json"))
    .action(async (files: readonly string[], options: { json?: boolean }) => {
      const { flowCheck } = await import("./flow-check.ts");
      process.exitCode = await flowCheck(files, options);
    });

  flow
    .command("draw")
    .description(text("cli.help.flow.draw"))
    .argument("<file>", text("cli.argument.flow.file"))
    .addOption(
      new Option("-f, --format <format>", text("cli.option.flow.format")).choices(["mermaid", "svg"]),
    )
    .option("-o, --output <file>", text("cli.option.flow.output"))
    .action(async (file: string, options: { format?: "mermaid" | "svg"; output?: string }) => {
      const { flowDraw } = await import("./flow-draw.ts");
      process.exitCode = await flowDraw(file, options);
    });
};
