import { type Command, Option } from "commander";

type Given = { readonly config?: string; readonly server?: string; readonly file?: string };

const ACTIONS = [
  ["show", "print a project's lessons, with the newest outcomes summed up"],
  ["edit", "put a text in the place of a project's lessons: from a file, or from standard input"],
  ["on", "tell reviews of a project's lessons"],
  ["off", "tell no review of a project's lessons"],
] as const;

/** Adds the commands about what reviews learnt. */
export const registerLessons = (program: Command): void => {
  const group = program
    .command("lessons")
    .description("what reviews learnt from people, by project; asks the running server, or its store");
  for (const [action, description] of ACTIONS) {
    const command = group
      .command(action)
      .description(description)
      .argument("<project>", "its path with its namespace")
      .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
      .option(
        "--server <address>",
        "the server's address; the configured port of this machine when left out",
      );
    if (action === "edit") command.addOption(new Option("-f, --file <file>", "the text to put in place"));
    command.action(async (project: string, options: Given) => {
      const { lessons } = await import("./lessons.ts");
      process.exitCode = await lessons(action, project, options);
    });
  }
};
