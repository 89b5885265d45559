import { message } from "../../messages/message.ts";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError, describeError } from "../../base/errors.ts";
import { refuseNewer } from "../migrations.ts";
import { makePrivate, orExplained, takeDataFolder } from "./data-folder.ts";

/**
 * Makes the store of the backup `file` in `folder`, which must be empty or not there. It counts as a store only when
 * it was found whole and is on the disk. Throws StoreErrors: `store-not-empty`, `backup-unreadable` for a file that
 * is no backup of ours, `store-too-new` for one of a newer version.
 */
export const restoreFolder = async (folder: string, file: string): Promise<void> => {
  const root = resolve(folder);
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new StoreError(message("store.not-empty", { folder: root }), {
      code: "store-not-empty",
    });
  }
  const place = await takeDataFolder(root);
  const part = `${place.file}.part`;
  try {
    rmSync(place.file);
    await orExplained(root, () => {
      makePrivate(part);
      copyFileSync(file, part);
    });
    verify(part, root);
    syncFile(part);
    renameSync(part, place.file);
    syncFile(root);
  } finally {
    for (const name of [part, `${part}-wal`, `${part}-shm`]) rmSync(name, { force: true });
    place.release();
  }
};

const syncFile = (path: string): void => {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const verify = (file: string, root: string): void => {
  let version: unknown;
  try {
    const db = new DatabaseSync(file);
    try {
      const problems = db.prepare("PRAGMA integrity_check(10)").all();
      const [first] = problems;
      if (problems.length !== 1 || first?.["integrity_check"] !== "ok")
        throw new Error(problems.map((row) => String(row["integrity_check"])).join("; "));
      version = db.prepare("SELECT version FROM schema_version").get()?.["version"];
    } finally {
      db.close();
    }
  } catch (cause) {
    throw new StoreError(message("store.not-a-backup", { error: describeError(cause), folder: root }), {
      code: "backup-unreadable",
      cause,
    });
  }
  refuseNewer(Number(version ?? 0));
};
