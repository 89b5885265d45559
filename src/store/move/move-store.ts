import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { StoreError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import type { Database, Sql } from "../database.ts";
import { migrate } from "../migrations.ts";
import { openStore } from "../open-store.ts";
import { openPglite } from "../pglite/pglite-database.ts";
import { openPostgres } from "../postgres/postgres-database.ts";
import { expireLeases } from "../lease.ts";
import { Whole } from "../schema.ts";
import { readTables, type Table } from "./catalogue.ts";
import { copySequences, copyTable } from "./copy-table.ts";

/** A folder of an embedded store, or a PostgreSQL database. */
export type StorePlace = { readonly dataDir: string } | { readonly databaseUrl: Secret };

/** What was moved. */
export type MoveReport = {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Runs that wait at the destination, those included that were active when the source was left. */
  readonly waiting: number;
};

/**
 * Brings everything that a store holds to an empty one, from a folder to PostgreSQL or back. All of it
 * arrives in one transaction, counted again before it is committed, or nothing does; the source is left as it
 * is. Throws StoreErrors: `store-missing`, `store-in-use`
 * or `store-locked` for the source, `store-not-empty` for the destination.
 */
export const moveStore = async (from: StorePlace, to: StorePlace): Promise<MoveReport> => {
  if ("dataDir" in from && !existsSync(join(resolve(from.dataDir), "ready"))) {
    throw new StoreError(
      `There is no store in ${resolve(from.dataDir)}; name the folder of one with --from.`,
      {
        code: "store-missing",
      },
    );
  }
  const tables = await withDatabase(from, (source) =>
    source.exclusively(async () => {
      await refuseInUse(source, "from");
      await migrate(source);
      return withDatabase(to, (target) =>
        target.exclusively(async () => {
          await refuseInUse(target, "to");
          await migrate(target);
          return copyAll(source, target);
        }),
      );
    }),
  );
  // Opening it queues what waits, and shows that it can be opened.
  await using store = await openStore({ database: to });
  const { queued, retrying, active } = await store.queueStatus();
  return { tables, waiting: queued + retrying + active };
};

const withDatabase = async <T>(place: StorePlace, work: (database: Database) => Promise<T>): Promise<T> => {
  if ("databaseUrl" in place) {
    const database = await openPostgres({ ...place, maxConnections: 4, logger: silentLogger });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }
  const database = await openPglite(place.dataDir);
  try {
    const result = await work(database);
    await database.markReady();
    return result;
  } finally {
    await database.close();
  }
};

const Count = z.tuple([z.object({ count: Whole })]);

const countOf = async (sql: Sql, query: string): Promise<number> =>
  Count.parse(await sql.query(`SELECT count(*) AS count FROM ${query}`))[0].count;

/** An embedded store is locked by its folder. A server of ours on PostgreSQL keeps a connection for notifications. */
const refuseInUse = async (database: Database, side: "from" | "to"): Promise<void> => {
  if (database.kind === "embedded") return;
  const users = await countOf(
    database,
    "pg_stat_activity WHERE datname = current_database() AND application_name = 'reviewflow-listener'",
  );
  if (users === 0) return;
  throw new StoreError(
    `The database that --${side} names is in use by ${users} running server${users === 1 ? "" : "s"} of Reviewflow. Stop them first.`,
    { code: "store-in-use" },
  );
};

const refuseFilled = async (target: Sql, tables: readonly Table[]): Promise<void> => {
  for (const { name } of tables) {
    if ((await countOf(target, `reviewflow."${name}"`)) === 0) continue;
    throw new StoreError(
      `The destination is not empty: its table ${name} has rows. Name an empty database or a new folder with --to.`,
      { code: "store-not-empty" },
    );
  }
};

const copyAll = async (source: Database, target: Database): Promise<MoveReport["tables"]> => {
  const tables = await readTables(source);
  return source.transaction(async (from) => {
    await from.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    return target.transaction(async (to) => {
      await refuseFilled(to, tables);
      const copied = [];
      for (const table of tables) copied.push({ name: table.name, rows: await copyTable(from, to, table) });
      await copySequences(from, to);
      for (const { name, rows } of copied) await verifyCount(from, to, name, rows);
      await expireLeases(to);
      return copied;
    });
  });
};

const verifyCount = async (from: Sql, to: Sql, name: string, rows: number): Promise<void> => {
  const counts = [await countOf(from, `reviewflow."${name}"`), await countOf(to, `reviewflow."${name}"`)];
  if (counts.every((count) => count === rows)) return;
  throw new StoreError(
    `The table ${name} has ${counts[0]} rows at its source and ${counts[1]} at its destination; nothing was moved.`,
    { code: "store-move-incomplete" },
  );
};
