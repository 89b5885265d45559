import { type Command, Option } from "commander";
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
    .description("measure flows with recorded merge requests whose findings are known")
    .argument("<set>", "a folder of cases")
    .option("--flow <name>", "a flow, builtin:review or a workflow file; again for each to compare", more)
    .option("--repeats <n>", "how often each flow reviews each case", "1")
    .option("--lines <n>", "how many lines a finding may be off", "3")
    .option("--judge <model>", "a configured model that tells by meaning what was found")
    .option("--record <dir>", "keep the models' answers")
    .option("--replay <dir>", "take kept answers and ask no model")
    .option("--replay-or-ask <dir>", "take kept answers, ask for the others and keep those")
    .option("--case <part>", "only cases with this in their name; again for more", more)
    .option("--at-once <n>", "cases that are reviewed at once", "2")
    .option("--seed <n>", "of the resamples for intervals", "1")
    .option("--fail-under <metric=n>", "end with 1 below it, such as recall=0.4; again for more", more)
    .addOption(new Option("-f, --format <format>", "the form of the report").choices(FORMATS))
    .option("-o, --output <file>", "write the report to a file, .html, .json or text; again for more", more)
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .exitOverride(exit)
    .action(async (set: string, options: EvalOptions) => {
      const { runEval } = await import("./eval/measure.ts");
      process.exitCode = await runEval(set, options);
    });
  command
    .command("record")
    .description("make cases of what people found in merge requests of your GitLab")
    .argument("<project>", "its path or id")
    .argument("<set>", "the folder that the cases are written to")
    .option("--since <time>", "merge requests that changed since, such as 90d or 2026-01-31", "180d")
    .option("--limit <n>", "the most merge requests that are looked at", "100")
    .option(
      "-c, --config <file>",
      "the configuration file; without one GITLAB_URL and GITLAB_TOKEN are enough",
    )
    .exitOverride(exit)
    .action(async (project: string, set: string, options: RecordCommandOptions) => {
      const { runRecord } = await import("./eval/record.ts");
      process.exitCode = await runRecord(project, set, options);
    });
  command
    .command("import")
    .description("make cases of a public set: aacr-bench or martian")
    .argument("<format>", "aacr-bench or martian")
    .argument("<source>", "its JSON file, or the folder of its files")
    .argument("<set>", "the folder that the cases are written to")
    .option("--diffs <dir>", "a folder with <case>.diff")
    .option("--repositories <dir>", "a folder with clones, as owner/name or name")
    .option("--download", "fetch diffs from github.com")
    .exitOverride(exit)
    .action(async (format: string, source: string, set: string, options: ImportOptions) => {
      const { runImport } = await import("./eval/import.ts");
      process.exitCode = await runImport(format, source, set, options);
    });
};
