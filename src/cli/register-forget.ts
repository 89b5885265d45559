import type { Command } from "commander";

/** Adds the command that deletes what is stored of a project. */
export const registerForget = (program: Command): void => {
  program
    .command("forget")
    .description(
      "delete all that is stored of a project; asks the running server, or its store when none runs. What was posted to GitLab stays there",
    )
    .argument("<project>", "its path or id")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .option("--server <address>", "the server's address; the configured port of this machine when left out")
    .option("--yes", "do it; without this nothing is deleted")
    .action(async (project: string, options: { config?: string; server?: string; yes?: boolean }) => {
      const { forget } = await import("./forget.ts");
      process.exitCode = await forget(project, options);
    });
};
