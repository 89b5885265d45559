import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { StoreError, describeError } from "../../base/errors.ts";
import { makeDataFolder } from "./data-folder.ts";
import { lockFolder } from "./folder-lock.ts";
import { markFolderReady, prepareFolder } from "./fresh-folder.ts";

const gunzipped = promisify(gunzip);

const OURS = "SELECT version FROM reviewflow.schema_version";

/**
 * Makes the store of a backup in `folder`, which must be empty or not there. It counts as a store only when
 * all of it is on the disk. Throws StoreErrors: `store-not-empty`, or `backup-unreadable` for a file that is no
 * backup of ours.
 */
export const restoreFolder = async (folder: string, backup: Blob): Promise<void> => {
  const root = resolve(folder);
  if (existsSync(root) && (await readdir(root)).length > 0) {
    throw new StoreError(`The folder ${root} is not empty; name a new one to restore the backup to.`, {
      code: "store-not-empty",
    });
  }
  await makeDataFolder(root);
  const lock = lockFolder(root);
  try {
    await load(await prepareFolder(root), backup);
    await markFolderReady(root);
  } finally {
    lock.release();
  }
};

const load = async (dataDir: string, backup: Blob): Promise<void> => {
  try {
    // Unpacked here: PGlite does not tell when a packed file ends early.
    const tar = await gunzipped(new Uint8Array(await backup.arrayBuffer()));
    const db = await PGlite.create({ fs: new NodeFS(dataDir), loadDataDir: new Blob([new Uint8Array(tar)]) });
    try {
      await db.query(OURS);
      await db.exec("CHECKPOINT");
    } finally {
      await db.close();
    }
  } catch (cause) {
    throw new StoreError(
      `What was named is no whole backup of Reviewflow (${describeError(cause)}); nothing was restored to ${join(dataDir, "..")}.`,
      { code: "backup-unreadable", cause },
    );
  }
};
