import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import { type Db, fromPglite } from "pg-boss";
import { StoreError, describeError } from "../../base/errors.ts";
import type { Database, Sql } from "../database.ts";
import { isDatabaseError, toStoreError } from "../database-error.ts";
import { DurableNodeFs } from "./durable-fs.ts";
import { lockFolder } from "./folder-lock.ts";
import { markFolderReady, prepareFolder } from "./fresh-folder.ts";

/** Real fsync (PGlite's default `-F` switches it off), little memory, and a bounded write-ahead log. */
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== "-F"),
  ...["fsync=on", "wal_sync_method=fsync", "shared_buffers=16MB", "max_wal_size=64MB"].flatMap((setting) => [
    "-c",
    setting,
  ]),
];

type Connection = Pick<Transaction, "query" | "exec">;

const translated = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
};

/** pg-boss inside one of our transactions: an error must not roll back behind our back, so nothing is caught. */
const queueOf = (connection: Connection): Db => ({
  executeSql: async (text, values) => {
    if (values !== undefined && values.length > 0) return await connection.query(text, values);
    const results = await connection.exec(text);
    return { rows: results.flatMap((result) => result.rows) };
  },
});

const sqlOf = (connection: Connection, queue: Db): Sql => ({
  query: (text, values = []) =>
    translated(async () => (await connection.query<unknown>(text, [...values])).rows),
  script: (text) =>
    translated(async () => {
      await connection.exec(text);
    }),
  queue,
});

const start = async (dataDir: string): Promise<PGlite> => {
  try {
    return await PGlite.create({ fs: new DurableNodeFs(dataDir), startParams: START_PARAMS });
  } catch (error) {
    throw new StoreError(
      `The database in ${dataDir} does not start: ${describeError(error)}. Check that the folder is writable ` +
        "and that its disk has room; else restore it from a copy.",
      { code: "store-start-failed", cause: error },
    );
  }
};

/** An embedded database with a mark for the moment when its first tables are in place. */
export type EmbeddedDatabase = Database & { readonly markReady: () => Promise<void> };

/**
 * Opens the embedded database in `folder`, which belongs to this process until `close`. The folder is
 * made when it is missing. Throws StoreError `store-locked` or `store-start-failed`.
 */
export const openPglite = async (folder: string): Promise<EmbeddedDatabase> => {
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  const lock = lockFolder(root);
  try {
    return embedded(root, await start(await prepareFolder(root)), lock.release);
  } catch (error) {
    lock.release();
    throw error;
  }
};

const embedded = (root: string, db: PGlite, release: () => void): EmbeddedDatabase => ({
  kind: "embedded",
  ...sqlOf(db, fromPglite(db)),
  transaction: async (work) => {
    // PGlite answers without ever waiting for the system: a busy caller would keep timers and sockets out.
    await nextTurn();
    try {
      return await db.transaction((tx) => work(sqlOf(tx, queueOf(tx))));
    } catch (error) {
      throw isDatabaseError(error) ? toStoreError(error) : error;
    }
  },
  listen: async (channel, onMessage) => {
    await translated(() => db.listen(channel, onMessage));
    onMessage();
  },
  exclusively: (work) => work(),
  maintain: () =>
    translated(async () => {
      await db.exec("VACUUM ANALYZE");
      await db.exec("CHECKPOINT");
    }),
  markReady: async () => {
    await translated(() => db.exec("CHECKPOINT"));
    await markFolderReady(root);
  },
  close: async () => {
    try {
      await translated(() => db.exec("CHECKPOINT"));
    } finally {
      await db.close();
      release();
    }
  },
});
