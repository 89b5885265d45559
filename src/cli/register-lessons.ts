import { type Command, Option } from "commander";
import { text } from "./catalogue-command.ts";

type Given = { readonly config?: string; readonly server?: string; readonly file?: string };

const ACTIONS = ["show", "edit", "on", "off"] as const;

/** Adds the commands about what reviews learnt. */
export const registerLessons = (program: Command): void => {
  const group = program.command("lessons").description(text("cli.help.lessons"));
  for (const action of ACTIONS) {
    const command = group
      .command(action)
      .description(text(`cli.help.lessons.${action}`))
      .argument("<project>", text("cli.argument.project-path"))
      .option("-c, --config <file>", text("cli.option.config"))
      .option("--server <address>", text("cli.option.server"));
    if (action === "edit")
      command.addOption(new Option("-f, --file <file>", text("cli.option.lessons.file")));
    command.action(async (project: string, options: Given) => {
      const { lessons } = await import("./lessons.ts");
      process.exitCode = await lessons(action, project, options);
    });
  }
};
