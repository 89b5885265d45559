import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../base/errors.ts";

/** A folder that belongs to this process until `release`, or until the process ends in any way. */
export type FolderLock = { readonly release: () => void };

/**
 * Takes `folder` for this process. The lock is a SQLite file under BEGIN EXCLUSIVE: the system frees
 * it with the process, also after kill -9, so that nobody has to remove a stale file.
 * Throws StoreError `store-locked` when another process (or another store of this one) holds it.
 */
export const lockFolder = (folder: string): FolderLock => {
  const file = join(folder, "lock.sqlite");
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    throw new StoreError(
      `The data folder ${folder} is in use by another Reviewflow process. Stop that process, give this one ` +
        "another folder with REVIEWFLOW_DATA_DIR, or set DATABASE_URL to share a PostgreSQL server.",
      { code: "store-locked", cause: error },
    );
  }
  return { release: () => db.close() };
};
