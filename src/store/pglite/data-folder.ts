import { open, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { StoreError, describeError } from "../../base/errors.ts";
import { makeFolder } from "../../base/make-folder.ts";

/**
 * Makes the folder of an embedded store where it is missing, and a file in it for a moment: only that shows
 * whether it can be written, for root and on network file systems, too. Returns its absolute path. Throws
 * StoreError `store-folder-unusable` with the folder's owner and the setting that names it.
 */
export const makeDataFolder = async (folder: string): Promise<string> => {
  const root = resolve(folder);
  const probe = join(root, `.writable-${process.pid}`);
  try {
    await makeFolder(root);
    await (await open(probe, "w")).close();
    await rm(probe);
  } catch (error) {
    throw new StoreError(await explain(root, error), { code: "store-folder-unusable", cause: error });
  }
  return root;
};

const SETTING = "name another with REVIEWFLOW_DATA_DIR (store.folder)";

const explain = async (root: string, error: unknown): Promise<string> => {
  const cause = `The data folder ${root} cannot be used (${describeError(error)})`;
  const { path, uid } = await nearestOwner(root);
  const own = process.getuid?.();
  if (own === undefined || own === uid) return `${cause}; ${SETTING}.`;
  return `${cause}: ${path} belongs to user ${uid}, and this process runs as user ${own}; give it to that user (chown -R ${own} ${path}), or ${SETTING}.`;
};

/** Whose the folder is, or what of its path is there. */
const nearestOwner = async (path: string): Promise<{ readonly path: string; readonly uid: number }> => {
  try {
    return { path, uid: (await stat(path)).uid };
  } catch (error) {
    if (dirname(path) === path) throw error;
    return nearestOwner(dirname(path));
  }
};
