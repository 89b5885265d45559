import { type Command, Option } from "commander";

/** Adds the commands that look at workflow files. */
export const registerFlow = (program: Command): void => {
  const flow = program.command("flow").description("look at workflow files, with no server at hand");

  flow
    .command("check")
    .description("say what workflow files take, give and need, or what keeps them from running")
    .argument("<file...>", "workflow files that Dify exported, or ours")
    .option("--json", "one JSON array instead of text")
    .action(async (files: readonly string[], options: { json?: boolean }) => {
      const { flowCheck } = await import("./flow-check.ts");
      process.exitCode = await flowCheck(files, options);
    });

  flow
    .command("draw")
    .description("print a workflow file's graph")
    .argument("<file>", "the workflow file")
    .addOption(
      new Option("-f, --format <format>", "what to print; svg takes the positions of the file").choices([
        "mermaid",
        "svg",
      ]),
    )
    .option("-o, --output <file>", "write it to a file, whose ending .svg chooses the format")
    .action(async (file: string, options: { format?: "mermaid" | "svg"; output?: string }) => {
      const { flowDraw } = await import("./flow-draw.ts");
      process.exitCode = await flowDraw(file, options);
    });
};
