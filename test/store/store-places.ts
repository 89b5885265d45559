import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Database } from "../../src/store/database.ts";
import { type OpenedStore, type StoreOptions, openStore } from "../../src/store/open-store.ts";
import { openPostgres } from "../../src/store/postgres/open-postgres.ts";
import { openSqlite } from "../../src/store/sqlite/open-sqlite.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** Options that make tests quick: short polls and short waits between attempts. */
export const QUICK = {
  pollMs: 50,
  retry: { maxAttempts: 3, baseMs: 20, maxMs: 100 },
} satisfies Partial<StoreOptions>;

/** Where one store keeps its data; it can be opened again after it was closed. */
export type Place = {
  readonly database: StoreOptions["database"];
  readonly open: (options?: Partial<StoreOptions>) => Promise<OpenedStore>;
  /** Everything that lies on the disk for it. Only while no embedded store is open. */
  readonly dump: () => readonly Buffer[];
  readonly remove: () => void;
};

/** The database of a place, without a store on it. */
export const openDatabase = ({ database }: Place): Promise<Database> =>
  "dataDir" in database
    ? openSqlite(database.dataDir)
    : openPostgres({ databaseUrl: database.databaseUrl, maxConnections: 8, logger: silentLogger });

/** Rows of a statement as the database gives them, their columns in camelCase. */
export const query = async (database: Pick<Database, "db">, text: string): Promise<readonly unknown[]> =>
  (await sql.raw(text).execute(database.db)).rows;

/** A kind of database with fresh places. */
export type Places = { readonly fresh: () => Promise<Place>; readonly remove: () => void };

const place = (database: StoreOptions["database"], rest: Pick<Place, "dump" | "remove">): Place => ({
  database,
  open: (options = {}) => openStore({ database, ...QUICK, ...options }),
  ...rest,
});

const filesIn = (folder: string): readonly Buffer[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));

/** Folders for the embedded database. */
export const createSqlitePlaces = async (): Promise<Places> => {
  const root = mkdtempSync(join(tmpdir(), "reviewflow-store-"));
  let count = 0;
  return {
    fresh: async () => {
      count += 1;
      const dataDir = join(root, `place-${count}`);
      return place(
        { dataDir },
        { dump: () => filesIn(dataDir), remove: () => rmSync(dataDir, { recursive: true, force: true }) },
      );
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** Databases on a server. */
export const createPostgresPlaces = (server: PostgresServer): Places => ({
  fresh: async () => {
    const url = await server.createDatabase();
    return place(
      { databaseUrl: new Secret(url) },
      { dump: () => [execFileSync("pg_dump", [url], { maxBuffer: 1 << 30 })], remove: () => undefined },
    );
  },
  remove: () => undefined,
});
