import { existsSync } from "node:fs";
import { message } from "../../messages/message.ts";
import { restoreFolder } from "../../store/sqlite/restore-folder.ts";
import { CommandError } from "../command-error.ts";
import { terminalTexts } from "../terminal.ts";

/** Makes the store of a backup in a new folder. */
export const runRestore = async (file: string, folder: string): Promise<void> => {
  if (!existsSync(file))
    throw new CommandError(
      message("cli.file-unreadable", { file, problem: message("cli.flow.file.missing") }),
    );
  await restoreFolder(folder, file);
  console.log(terminalTexts()("cli.restore.done", { folder }));
};
