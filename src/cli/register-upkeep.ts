import type { Command } from "commander";
import { text } from "./catalogue-command.ts";

const CONFIG = ["-c, --config <file>", text("cli.option.config")] as const;
const SERVER = ["--server <address>", text("cli.option.server")] as const;

type Options = { readonly config?: string; readonly server?: string };

/** Adds the commands that look after a store: moving it, backups, keys. */
export const registerUpkeep = (program: Command): void => {
  program
    .command("move")
    .description(text("cli.help.move"))
    .requiredOption("--from <place>", text("cli.option.move.from"))
    .requiredOption("--to <place>", text("cli.option.move.to"))
    .action(async (options: { from: string; to: string }) => {
      const { runMove } = await import("./upkeep/move.ts");
      await runMove(options);
    });
  program
    .command("backup")
    .description(text("cli.help.backup"))
    .argument("<file>", text("cli.argument.backup.file"))
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (file: string, options: Options) => {
      const { runBackup } = await import("./upkeep/backup.ts");
      await runBackup(file, options);
    });
  program
    .command("restore")
    .description(text("cli.help.restore"))
    .argument("<file>", text("cli.argument.restore.file"))
    .argument("<folder>", text("cli.argument.restore.folder"))
    .action(async (file: string, folder: string) => {
      const { runRestore } = await import("./upkeep/restore.ts");
      await runRestore(file, folder);
    });
  registerKeys(program);
};

const registerKeys = (program: Command): void => {
  const keys = program.command("keys").description(text("cli.help.keys"));
  keys
    .command("new")
    .description(text("cli.help.keys.new"))
    .action(async () => {
      const { printNewKey } = await import("./upkeep/keys.ts");
      printNewKey();
    });
  keys
    .command("status")
    .description(text("cli.help.keys.status"))
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (options: Options) => {
      const { showKeys } = await import("./upkeep/keys.ts");
      process.exitCode = await showKeys(options);
    });
  keys
    .command("rotate")
    .description(text("cli.help.keys.rotate"))
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (options: Options) => {
      const { rotateKeys } = await import("./upkeep/keys.ts");
      process.exitCode = await rotateKeys(options);
    });
};
