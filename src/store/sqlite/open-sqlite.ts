import { message } from "../../messages/message.ts";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from "kysely";
import { StoreError } from "../../base/errors.ts";
import { type Database, type Sql, createKysely } from "../database.ts";
import { handedOver } from "../hand-over.ts";
import type { Tables } from "../tables.ts";
import { type DataFolder, cannotStart, copyFile, makePrivate, takeDataFolder } from "./data-folder.ts";
import { type SqliteThread, startSqliteThread, toSqliteValue } from "./sqlite-thread.ts";

/** A copy of a store in one file, which `restoreFolder` takes; the file goes when the stream has ended. */
export type Backup = { readonly bytes: number; readonly stream: () => Readable };

/** An embedded database that can be copied while it works. */
export type EmbeddedDatabase = Database & { readonly backup: () => Promise<Backup> };

/** Lets one user at a time have the connection, in the order in which they came. */
const createTurnstile = () => {
  let last: Promise<void> = Promise.resolve();
  let leave: () => void = () => undefined;
  return {
    enter: async (): Promise<void> => {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      leave = resolve;
    },
    leave: (): void => leave(),
  };
};

const createDriver = (thread: SqliteThread, onError: (error: unknown) => void): Driver => {
  const turnstile = createTurnstile();
  /** The thread that the open transaction was begun in. */
  let begunIn: number | null = null;

  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      // A transaction that a thread has taken with it cannot go on in the next.
      if (begunIn !== null && begunIn !== thread.life())
        throw new StoreError(message("store.restarting"), {
          code: "store-restarting",
          retryable: true,
        });
      return await work();
    } catch (error) {
      onError(error);
      throw error;
    }
  };
  const connection: DatabaseConnection = {
    executeQuery: (query: CompiledQuery) =>
      watched(async () => {
        const params = query.parameters.map(toSqliteValue);
        const transfer = params.flatMap((value) => (value instanceof Uint8Array ? handedOver(value) : []));
        const { rows, changes } = await thread.ask({ kind: "run", sql: query.sql, params }, transfer);
        return { rows: [...rows], numAffectedRows: BigInt(changes) };
      }),
    streamQuery: () => {
      throw new TypeError("rows are not streamed");
    },
  };
  return {
    init: async () => undefined,
    acquireConnection: async () => {
      await turnstile.enter();
      return connection;
    },
    beginTransaction: async () => {
      await watched(() => thread.ask({ kind: "script", sql: "BEGIN IMMEDIATE" }));
      begunIn = thread.life();
    },
    commitTransaction: async () => {
      await watched(() => thread.ask({ kind: "script", sql: "COMMIT" }));
      begunIn = null;
    },
    rollbackTransaction: async () => {
      begunIn = null;
      // The error that ended the transaction is the one to pass on.
      await thread.ask({ kind: "rollback" }).catch(() => undefined);
    },
    releaseConnection: async () => turnstile.leave(),
    destroy: () => thread.close(),
  };
};

/**
 * Opens the embedded database in `folder`, which belongs to this process until `close`. The folder is made when it
 * is missing. `onError` hears of every failure. Throws StoreErrors, see `takeDataFolder`.
 */
export const openSqlite = async (
  folder: string,
  onError: (error: unknown) => void = () => undefined,
): Promise<EmbeddedDatabase> => {
  const place = await takeDataFolder(folder);
  const thread = startSqliteThread(place.file);
  try {
    await thread.ask({ kind: "script", sql: "SELECT count(*) FROM reviewflow.sqlite_schema" });
  } catch (error) {
    await thread.close();
    place.release();
    throw await cannotStart(place.folder, error);
  }
  const driver = createDriver(thread, onError);
  const db = createKysely({
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (known) => new SqliteIntrospector(known),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  });
  return embedded(place, thread, db);
};

const embedded = (place: DataFolder, thread: SqliteThread, db: Kysely<Tables>): EmbeddedDatabase => {
  const listeners = new Map<string, () => void>();
  const tell = (channels: Iterable<string>): void => {
    for (const channel of channels) listeners.get(channel)?.();
  };
  const sqlOf = (on: Kysely<Tables>, notify: Sql["notify"]): Sql => ({
    dialect: "sqlite",
    db: on,
    script: async (text) => {
      if (on === db) await exclusive(() => thread.ask({ kind: "script", sql: text }));
      else await thread.ask({ kind: "script", sql: text });
    },
    notify,
  });
  /** Has the connection alone for what does not go through Kysely. */
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => db.connection().execute(work);
  const transaction: Database["transaction"] = async (work) => {
    const channels = new Set<string>();
    const result = await db
      .transaction()
      .execute((tx) => work(sqlOf(tx, async (channel) => void channels.add(channel))));
    tell(channels);
    return result;
  };
  return {
    kind: "embedded",
    ...sqlOf(db, async (channel) => tell([channel])),
    transaction,
    batch: (statements) =>
      db.transaction().execute(async (tx) => {
        for (const statement of statements) await tx.executeQuery(statement);
      }),
    listen: async (channel, onMessage) => {
      listeners.set(channel, onMessage);
      onMessage();
    },
    exclusively: (work) => work(),
    reclaim: (most) =>
      db.connection().execute(async (own) => {
        const { rows } = await sql<{ freelistCount: number }>`PRAGMA reviewflow.freelist_count`.execute(own);
        const free = rows[0]?.freelistCount ?? 0;
        const given = Math.min(free, most);
        if (given > 0)
          await thread.ask({ kind: "script", sql: `PRAGMA reviewflow.incremental_vacuum(${given})` });
        return given;
      }),
    backup: async () => {
      const file = copyFile(place.folder, randomUUID());
      makePrivate(file);
      try {
        await thread.ask({ kind: "backup", file });
        const { size } = await stat(file);
        const drop = (): void => void rm(file, { force: true });
        return { bytes: size, stream: () => createReadStream(file).once("close", drop) };
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
    },
    close: async () => {
      try {
        await db.destroy();
      } finally {
        await thread.close();
        place.release();
      }
    },
  };
};
