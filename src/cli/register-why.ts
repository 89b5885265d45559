import type { Command } from "commander";

/** Adds the command that says what became of a delivery. */
export const registerWhy = (program: Command): void => {
  program
    .command("why")
    .description(
      "say what became of a delivery and why; asks the running server, or its store when none runs",
    )
    .argument("<delivery>", "our id, or GitLab's: the hook's Idempotency-Key or webhook-id")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .option("--server <address>", "the server's address; the configured port of this machine when left out")
    .option("--json", "JSON instead of text")
    .action(async (delivery: string, options: { config?: string; server?: string; json?: boolean }) => {
      const { why } = await import("./why.ts");
      process.exitCode = await why(delivery, options);
    });
};
