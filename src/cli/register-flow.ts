import { type Command, Option } from "commander";
import { text } from "./catalogue-command.ts";
import type { FlowRunOptions } from "./flow-run.ts";

/** Adds the commands that look at workflow files. */
export const registerFlow = (program: Command): void => {
  const flow = program.command("flow").description(text("cli.help.flow"));

  flow
    .command("check")
    .description(text("cli.help.flow.check"))
    .argument("<file...>", text("cli.argument.flow.files"))
    .option("-c, --config <file>", text("cli.option.config"))
    .option("--json", text("cli.option.json"))
    .action(async (files: readonly string[], options: { json?: boolean; config?: string }) => {
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

  flow
    .command("run")
    .description(text("cli.help.flow.run"))
    .argument("<file>", text("cli.argument.flow.file"))
    .option("-i, --input <name=value>", text("cli.option.flow.input"), collect)
    .option("--secret <name>", text("cli.option.flow.secret"), collect)
    .option("--chat", text("cli.option.flow.chat"))
    .option("-q, --query <text>", text("cli.option.flow.query"))
    .option("--file <path>", text("cli.option.flow.attached"), collect)
    .option("--json", text("cli.option.flow.json"))
    .option("--record <folder>", text("cli.option.flow.record"))
    .option("--replay <folder>", text("cli.option.flow.replay"))
    .option("-c, --config <file>", text("cli.option.config"))
    // 1 is for flows that failed.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(async (file: string, options: FlowRunOptions) => {
      const { flowRun } = await import("./flow-run.ts");
      process.exitCode = await flowRun(file, options);
    });
};

/** An option that may be repeated. */
const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
