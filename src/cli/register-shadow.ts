import { type Command, Argument } from "commander";

/** Adds the command that shows candidates and decides about them. */
export const registerShadow = (program: Command): void => {
  program
    .command("shadow")
    .description("show how candidates compare with their flows, promote or drop one, or take that back")
    .addArgument(
      new Argument("[action]", "what to do").choices(["show", "promote", "drop", "undo"]).default("show"),
    )
    .argument("[flow]", "the flow whose candidate is meant; all when shown without one")
    .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
    .option("--server <address>", "the server's address; the configured port of this machine when left out")
    .option("--json", "JSON instead of text")
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
