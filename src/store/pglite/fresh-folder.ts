import { existsSync } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const READY = "ready";

const syncPath = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Writes every file under `folder` through to the disk, and the folders themselves. */
const syncTree = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile() || entry.isDirectory()) await syncPath(join(entry.parentPath, entry.name));
  }
  await syncPath(folder);
};

/**
 * Prepares `folder` for a database in its subfolder `postgres`. A first start that was cut short has
 * left half a database in which nothing can have been acknowledged yet: it is removed.
 */
export const prepareFolder = async (folder: string): Promise<string> => {
  const data = join(folder, "postgres");
  if (!existsSync(join(folder, READY))) await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  return data;
};

/** Marks the database of `folder` as complete, once: its creation ran without fsync, so that is made up for. */
export const markFolderReady = async (folder: string): Promise<void> => {
  const marker = join(folder, READY);
  if (existsSync(marker)) return;
  await syncTree(join(folder, "postgres"));
  const handle = await open(marker, "w");
  await handle.sync();
  await handle.close();
  await syncPath(folder);
};
