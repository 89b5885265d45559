import { PGlite, type Transaction } from "@electric-sql/pglite";
import { StoreError, describeError } from "../../base/errors.ts";
import { DurableNodeFs } from "./durable-fs.ts";
import { WatchedPglite } from "./watched-pglite.ts";

/** Real fsync (PGlite's default `-F` switches it off), little memory, and a bounded write-ahead log. */
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== "-F"),
  ...["fsync=on", "wal_sync_method=fsync", "shared_buffers=16MB", "max_wal_size=64MB"].flatMap((setting) => [
    "-c",
    setting,
  ]),
];

/** A start costs seconds of computing: how long a failed one keeps the next from being tried, in milliseconds. */
const RESTART_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/** PGlite that is started anew after a fatal error, as PostgreSQL does for itself. */
export type RevivingPglite = {
  /** The one that works. Rejects with a retryable StoreError while none can be started. */
  readonly alive: () => Promise<PGlite>;
  /** Statements outside a transaction, each on the one that works. */
  readonly connection: Pick<Transaction, "query" | "exec">;
  /** Listens for good, also to those that are started later. */
  readonly listen: (channel: string, onMessage: () => void) => Promise<void>;
  /** Checkpoints and closes. */
  readonly close: () => Promise<void>;
};

/** Starts PGlite in a prepared folder. Throws StoreError `store-start-failed`. */
export const startReviving = async (dataDir: string): Promise<RevivingPglite> => {
  let db = await start(dataDir);
  let starting: Promise<PGlite> | null = null;
  let notBefore = 0;
  let pauseMs = RESTART_PAUSE_MS;
  const listeners: { readonly channel: string; readonly onMessage: () => void }[] = [];

  const restart = async (): Promise<PGlite> => {
    await db.close().catch(() => undefined);
    if (performance.now() < notBefore) throw notYet(db.fatal);
    try {
      const next = await start(dataDir);
      for (const { channel, onMessage } of listeners) await next.listen(channel, onMessage);
      db = next;
      pauseMs = RESTART_PAUSE_MS;
    } catch (error) {
      notBefore = performance.now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      throw notYet(error);
    }
    for (const { onMessage } of listeners) onMessage();
    return db;
  };
  const alive = async (): Promise<PGlite> => {
    if (db.fatal === null) return db;
    starting ??= restart().finally(() => (starting = null));
    return starting;
  };
  return {
    alive,
    connection: {
      query: async (text, values) => (await alive()).query(text, values),
      exec: async (text) => (await alive()).exec(text),
    },
    listen: async (channel, onMessage) => {
      await (await alive()).listen(channel, onMessage);
      listeners.push({ channel, onMessage });
    },
    close: async () => {
      await starting?.catch(() => undefined);
      if (db.fatal !== null) return db.close().catch(() => undefined);
      try {
        await db.exec("CHECKPOINT");
      } finally {
        await db.close();
      }
    },
  };
};

const notYet = (error: unknown): StoreError =>
  new StoreError(`The embedded database broke down and cannot be started yet: ${describeError(error)}`, {
    code: "store-restarting",
    retryable: true,
    cause: error,
  });

const start = async (dataDir: string): Promise<WatchedPglite> => {
  try {
    const db = new WatchedPglite({ fs: new DurableNodeFs(dataDir), startParams: START_PARAMS });
    await db.waitReady;
    return db;
  } catch (error) {
    throw new StoreError(
      `The database in ${dataDir} does not start: ${describeError(error)}. Check that the folder is writable ` +
        "and that its disk has room; else restore it from a copy.",
      { code: "store-start-failed", cause: error },
    );
  }
};
