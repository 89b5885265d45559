import { openAsBlob } from "node:fs";
import { ConfigError } from "../../base/errors.ts";
import { restoreFolder } from "../../store/pglite/restore-folder.ts";

/** Makes the store of a backup in a new folder. */
export const runRestore = async (file: string, folder: string): Promise<void> => {
  let backup: Blob;
  try {
    backup = await openAsBlob(file);
  } catch (cause) {
    throw new ConfigError([`the backup ${file} cannot be read`], { cause });
  }
  await restoreFolder(folder, backup);
  console.log(
    `Restored to ${folder}; start the server with REVIEWFLOW_DATA_DIR=${folder} and the keys of its time.`,
  );
};
