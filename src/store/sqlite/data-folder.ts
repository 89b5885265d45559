import { message } from "../../messages/message.ts";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOfError, StoreError } from "../../base/errors.ts";
import { makeFolder } from "../../base/make-folder.ts";

/** The file of a folder's store. */
const STORE_FILE = "store.sqlite";
/** What copies are called that are made in the folder and handed on. */
const COPY_PREFIX = "backup-";

/** `statfs` types of file systems on which SQLite's locks, or its log, cannot be relied on (statfs(2)). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
]);

/** A folder that belongs to this process until `release`, or until the process ends in any way. */
export type DataFolder = {
  readonly folder: string;
  /** The store's file, readable to us alone. */
  readonly file: string;
  readonly release: () => void;
};

/** Whether a server has ever had its store in `folder`. */
export const hasStore = (folder: string): boolean => existsSync(join(resolve(folder), STORE_FILE));

/** A name for a copy within a data folder. */
export const copyFile = (folder: string, name: string): string =>
  join(folder, `${COPY_PREFIX}${name}.sqlite`);

/** The name of the network file system that a `statfs` type stands for; null for a disk of this machine. */
const networkFileSystem = (type: number): string | null =>
  // Some systems tell the type as a signed number.
  NETWORK_FILE_SYSTEMS.get(type < 0 ? type + 2 ** 32 : type) ?? null;

/**
 * Makes a data folder where it is missing, and a file in it for a moment: only that shows whether it can be
 * written. Returns its absolute path. Throws StoreError `store-start-failed`.
 */
export const makeDataFolder = (folder: string): Promise<string> => {
  const root = resolve(folder);
  return orExplained(root, async () => {
    await makeFolder(root);
    const probe = join(root, `.writable-${process.pid}`);
    await (await open(probe, "w")).close();
    await rm(probe);
    return root;
  });
};

/**
 * Takes `folder` for this process and makes it and the store's file, for us alone (0700 and 0600) whatever the
 * umask. Throws StoreError `store-locked`, `store-network-folder`, or `store-start-failed` for one that cannot be
 * written.
 */
export const takeDataFolder = async (
  folder: string,
  typeOf: (path: string) => number = (path) => statfsSync(path).type,
): Promise<DataFolder> => {
  const root = await makeDataFolder(folder);
  const file = join(root, STORE_FILE);
  return orExplained(root, () => {
    const network = networkFileSystem(typeOf(root));
    if (network !== null) throw onNetwork(root, network);
    closeForOthers(root, 0o700);
    const release = lock(root);
    try {
      makePrivate(file);
      // A copy that a killed process was making.
      for (const name of readdirSync(root))
        if (name.startsWith(COPY_PREFIX)) rmSync(join(root, name), { force: true });
      return { folder: root, file, release };
    } catch (error) {
      release();
      throw error;
    }
  });
};

/** Makes a file that only we may read, or takes an existing one from others. SQLite gives its log the same mode. */
export const makePrivate = (file: string): void => {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  closeForOthers(file, 0o600);
};

/** A folder that a volume lends us may belong to somebody else, who decides about it. */
const closeForOthers = (path: string, mode: number): void => {
  try {
    chmodSync(path, mode);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) throw error;
  }
};

/**
 * The lock is a SQLite file under BEGIN EXCLUSIVE: the system frees it with the process, also after kill -9, so
 * that nobody has to remove a stale file.
 */
const lock = (root: string): (() => void) => {
  const file = join(root, "lock.sqlite");
  makePrivate(file);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    throw new StoreError(message("store.locked", { folder: root }), { code: "store-locked", cause: error });
  }
  return () => db.close();
};

const onNetwork = (root: string, name: string): StoreError =>
  new StoreError(message("store.network-folder", { folder: root, system: name }), {
    code: "store-network-folder",
  });

/** Runs `work`; what the system refuses it in `root` is said with the folder, its owner, the user and the setting. */
export const orExplained = async <T>(root: string, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreError ? error : await cannotStart(root, error);
  }
};

/** Why the store in `root` does not open. */
export const cannotStart = async (root: string, error: unknown): Promise<StoreError> => {
  const failed = { folder: root, user: userName(), error: messageOfError(error) };
  const { path, uid: owner } = await nearestOwner(root);
  const uid = process.getuid?.();
  const what =
    uid === undefined || uid === owner
      ? message("store.start-failed", failed)
      : message("store.start-failed.owner", {
          ...failed,
          path,
          owner,
          uid,
          command: `chown -R ${uid} ${path}`,
        });
  return new StoreError(what, { code: "store-start-failed", cause: error });
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

const userName = (): string => {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return String(process.getuid?.() ?? "");
  }
};
