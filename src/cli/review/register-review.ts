import { type Command, Option } from "commander";
import { SEVERITIES } from "../../review/finding.ts";
import { text } from "../catalogue-command.ts";
import type { ReviewOptions } from "../review.ts";

/** Adds the command that reviews a git repository, or a merge request, with no server. */
export const registerReview = (program: Command): void => {
  program
    .command("review")
    .description(text("cli.help.review"))
    .argument("[range]", text("cli.argument.review.range"))
    .option("--staged", text("cli.option.review.staged"))
    .option("--worktree", text("cli.option.review.worktree"))
    .option("--post", text("cli.option.review.post"))
    .addOption(
      new Option("-f, --format <format>", text("cli.option.format"))
        .choices(["text", "json", "sarif", "codequality", "markdown"])
        .default("text"),
    )
    .option("-o, --output <file>", text("cli.option.review.output"))
    .addOption(
      new Option("--report <format=file>", text("cli.option.review.report")).argParser(
        (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
      ),
    )
    .addOption(new Option("--fail-on <severity>", text("cli.option.review.fail-on")).choices(SEVERITIES))
    .option("--flow <name>", text("cli.option.review.flow"))
    .option("-c, --config <file>", text("cli.option.config"))
    // 1 is for findings, so that a pipeline can tell them from a mistake in its own call.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(async (range: string | undefined, options: ReviewOptions) => {
      const { runReview } = await import("../review.ts");
      process.exitCode = await runReview(range, options);
    });
};
