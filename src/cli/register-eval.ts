import { type Command, Option } from "commander";
import { text } from "./catalogue-command.ts";
import type { ImportOptions } from "./eval/import.ts";
import type { RecordCommandOptions } from "./eval/record.ts";
import { type EvalOptions, FORMATS } from "./eval/usage.ts";

const more = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** 1 is for what was measured, so that a pipeline can tell it from a mistake in its own call. */
const exit = ({ exitCode }: { readonly exitCode: number }): never => process.exit(exitCode === 0 ? 0 : 2);

/** Adds the commands that measure flows with recorded merge requests. */
export const registerEval = (program: Command): void => {
  // What stands behind the name of a command below eval belongs to that one; both above must agree.
  program.enablePositionalOptions();
  const command = program
    .command("eval")
    .enablePositionalOptions()
    .description(text("cli.help.eval"))
    .argument("<set>", text("cli.argument.eval.set"))
    .option("--flow <name>", text("cli.option.eval.flow"), more)
    .option("--repeats <n>", text("cli.option.eval.repeats"), "1")
    .option("--lines <n>", text("cli.option.eval.lines"), "3")
    .option("--judge <model>", text("cli.option.eval.judge"))
    .option("--record <dir>", text("cli.option.eval.record"))
    .option("--replay <dir>", text("cli.option.eval.replay"))
    .option("--replay-or-ask <dir>", text("cli.option.eval.replay-or-ask"))
    .option("--case <part>", text("cli.option.eval.case"), more)
    .option("--at-once <n>", text("cli.option.eval.at-once"), "2")
    .option("--seed <n>", text("cli.option.eval.seed"), "1")
    .option("--fail-under <metric=n>", text("cli.option.eval.fail-under"), more)
    .addOption(new Option("-f, --format <format>", text("cli.option.format")).choices(FORMATS))
    .option("-o, --output <file>", text("cli.option.eval.output"), more)
    .option("-c, --config <file>", text("cli.option.config"))
    .exitOverride(exit)
    .action(async (set: string, options: EvalOptions) => {
      const { runEval } = await import("./eval/measure.ts");
      process.exitCode = await runEval(set, options);
    });
  command
    .command("record")
    .description(text("cli.help.eval.record"))
    .argument("<project>", text("cli.argument.project"))
    .argument("<set>", text("cli.argument.eval.folder"))
    .option("--since <time>", text("cli.option.eval.since"), "180d")
    .option("--limit <n>", text("cli.option.eval.limit"), "100")
    .option("-c, --config <file>", text("cli.option.eval.config"))
    .exitOverride(exit)
    .action(async (project: string, set: string, options: RecordCommandOptions) => {
      const { runRecord } = await import("./eval/record.ts");
      process.exitCode = await runRecord(project, set, options);
    });
  command
    .command("import")
    .description(text("cli.help.eval.import"))
    .argument("<format>", text("cli.argument.eval.format"))
    .argument("<source>", text("cli.argument.eval.source"))
    .argument("<set>", text("cli.argument.eval.folder"))
    .option("--diffs <dir>", text("cli.option.eval.diffs"))
    .option("--repositories <dir>", text("cli.option.eval.repositories"))
    .option("--download", text("cli.option.eval.download"))
    .exitOverride(exit)
    .action(async (format: string, source: string, set: string, options: ImportOptions) => {
      const { runImport } = await import("./eval/import.ts");
      process.exitCode = await runImport(format, source, set, options);
    });
};
