import { type Command, Option } from "commander";
import { SEVERITIES } from "../../review/finding.ts";
import type { ReviewOptions } from "../review.ts";

/** Adds the command that reviews a git repository, or a merge request, with no server. */
export const registerReview = (program: Command): void => {
  program
    .command("review")
    .description("review a change of the git repository at hand, or a merge request, with no server")
    .argument(
      "[range]",
      "such as main...HEAD, or a merge request's address; the changes since the default branch when left out",
    )
    .option("--staged", "review what is in the index instead")
    .option("--worktree", "review everything that is not committed instead")
    .option("--post", "publish the review on its merge request; in a pipeline of one, without an address")
    .addOption(
      new Option("-f, --format <format>", "the form of the report")
        .choices(["text", "json", "sarif", "codequality", "markdown"])
        .default("text"),
    )
    .option("-o, --output <file>", "write the report to a file")
    .addOption(
      new Option("--fail-on <severity>", "end with 1 when a finding is at least so severe").choices(
        SEVERITIES,
      ),
    )
    .option("--flow <name>", "the flow that reviews; the first that reports findings when left out")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    // 1 is for findings, so that a pipeline can tell them from a mistake in its own call.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(async (range: string | undefined, options: ReviewOptions) => {
      const { runReview } = await import("../review.ts");
      process.exitCode = await runReview(range, options);
    });
};
