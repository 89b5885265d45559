import { existsSync } from "node:fs";
import { ConfigError } from "../../base/errors.ts";
import { restoreFolder } from "../../store/sqlite/restore-folder.ts";

/** Makes the store of a backup in a new folder. */
export const runRestore = async (file: string, folder: string): Promise<void> => {
  if (!existsSync(file)) throw new ConfigError([`the backup ${file} cannot be read`]);
  await restoreFolder(folder, file);
  console.log(
    `Restored to ${folder}; start the server with REVIEWFLOW_DATA_DIR=${folder} and the keys of its time.`,
  );
};
