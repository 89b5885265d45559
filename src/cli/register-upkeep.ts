import type { Command } from "commander";

const CONFIG = [
  "-c, --config <file>",
  "the configuration file; the environment alone is enough without one",
] as const;
const SERVER = [
  "--server <address>",
  "the running server; the configured one on this machine when left out",
] as const;

type Options = { readonly config?: string; readonly server?: string };

/** Adds the commands that look after a store: moving it, backups, keys. */
export const registerUpkeep = (program: Command): void => {
  program
    .command("move")
    .description("bring a store from a folder to PostgreSQL or back; its server must be stopped")
    .requiredOption(
      "--from <place>",
      "a data folder, postgres://…, or env:NAME for the variable that holds it",
    )
    .requiredOption("--to <place>", "the same; it must be empty")
    .action(async (options: { from: string; to: string }) => {
      const { runMove } = await import("./upkeep/move.ts");
      await runMove(options);
    });
  program
    .command("backup")
    .description("write a backup of the embedded store, also while its server runs")
    .argument("<file>", "where to, such as reviewflow.sqlite")
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (file: string, options: Options) => {
      const { runBackup } = await import("./upkeep/backup.ts");
      await runBackup(file, options);
    });
  program
    .command("restore")
    .description("make an embedded store of a backup")
    .argument("<file>", "the backup")
    .argument("<folder>", "a folder that is empty or not there yet")
    .action(async (file: string, folder: string) => {
      const { runRestore } = await import("./upkeep/restore.ts");
      await runRestore(file, folder);
    });
  registerKeys(program);
};

const registerKeys = (program: Command): void => {
  const keys = program.command("keys").description("look after the keys that tokens at rest are sealed with");
  keys
    .command("new")
    .description("print a fresh key")
    .action(async () => {
      const { printNewKey } = await import("./upkeep/keys.ts");
      printNewKey();
    });
  keys
    .command("status")
    .description("say with which keys tokens are sealed, and which key can be removed")
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (options: Options) => {
      const { showKeys } = await import("./upkeep/keys.ts");
      process.exitCode = await showKeys(options);
    });
  keys
    .command("rotate")
    .description("seal with the first key what older ones have sealed; a server does so at its start, too")
    .option(...CONFIG)
    .option(...SERVER)
    .action(async (options: Options) => {
      const { rotateKeys } = await import("./upkeep/keys.ts");
      process.exitCode = await rotateKeys(options);
    });
};
