import { setImmediate as nextTurn } from "node:timers/promises";
import type { Transaction } from "@electric-sql/pglite";
import { StoreError, describeError } from "../../base/errors.ts";
import type { Database, Sql } from "../database.ts";
import { isDatabaseError, toStoreError } from "../database-error.ts";
import { makeDataFolder } from "./data-folder.ts";
import { lockFolder } from "./folder-lock.ts";
import { markFolderReady, prepareFolder } from "./fresh-folder.ts";
import { isFatal } from "./is-fatal.ts";
import { type RevivingPglite, startReviving } from "./reviving-pglite.ts";

type Connection = Pick<Transaction, "query" | "exec">;

const isClosed = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("PGlite is clos");

/** After a fatal error another PGlite is started, so that trying again helps; a full disk has its own words. */
const toEmbeddedError = (error: unknown): Error => {
  const meant = toStoreError(error);
  if (!isClosed(error) && !(isFatal(error) && meant.code !== "store-disk-full")) return meant;
  return new StoreError(`The embedded database broke down and is started anew: ${describeError(error)}`, {
    code: "store-restarting",
    retryable: true,
  });
};

const isOfPglite = (error: unknown): boolean => isDatabaseError(error) || isFatal(error) || isClosed(error);

const translated = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw toEmbeddedError(error);
  }
};

const sqlOf = (connection: Connection): Sql => ({
  query: (text, values = []) =>
    translated(async () => (await connection.query<unknown>(text, [...values])).rows),
  script: (text) =>
    translated(async () => {
      await connection.exec(text);
    }),
});

/** An embedded database with a mark for the moment when its first tables are in place. */
export type EmbeddedDatabase = Database & {
  readonly markReady: () => Promise<void>;
  /** All of its files as they are at one moment, as a tar.gz in memory; nothing else runs while they are read. */
  readonly dump: () => Promise<Blob>;
};

/**
 * Opens the embedded database in `folder`, which belongs to this process until `close`. The folder is
 * made when it is missing. Throws StoreError `store-folder-unusable`, `store-locked` or `store-start-failed`.
 */
export const openPglite = async (folder: string): Promise<EmbeddedDatabase> => {
  const root = await makeDataFolder(folder);
  const lock = lockFolder(root);
  try {
    return embedded(root, await startReviving(await prepareFolder(root)), lock.release);
  } catch (error) {
    lock.release();
    throw error;
  }
};

const embedded = (root: string, pglite: RevivingPglite, release: () => void): EmbeddedDatabase => ({
  kind: "embedded",
  ...sqlOf(pglite.connection),
  transaction: async (work) => {
    // PGlite answers without ever waiting for the system: a busy caller would keep timers and sockets out.
    await nextTurn();
    try {
      const db = await pglite.alive();
      return await db.transaction((tx) => work(sqlOf(tx)));
    } catch (error) {
      throw isOfPglite(error) ? toEmbeddedError(error) : error;
    }
  },
  batch: (statements) =>
    translated(async () => {
      const db = await pglite.alive();
      return db.transaction(async (tx) => {
        const rows = [];
        for (const text of statements) rows.push((await tx.query<unknown>(text)).rows);
        return rows;
      });
    }),
  listen: async (channel, onMessage) => {
    await translated(() => pglite.listen(channel, onMessage));
    onMessage();
  },
  exclusively: (work) => work(),
  maintain: () =>
    translated(async () => {
      const db = await pglite.alive();
      await db.exec("VACUUM ANALYZE");
      await db.exec("CHECKPOINT");
    }),
  markReady: async () => {
    await translated(async () => (await pglite.alive()).exec("CHECKPOINT"));
    await markFolderReady(root);
  },
  dump: () =>
    translated(async () => {
      const db = await pglite.alive();
      await db.exec("CHECKPOINT");
      return db.dumpDataDir("gzip");
    }),
  close: async () => {
    try {
      await translated(pglite.close);
    } finally {
      release();
    }
  },
});
