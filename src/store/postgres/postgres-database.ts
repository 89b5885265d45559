import { Pool, type PoolClient } from "pg";
import type { Logger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import { StoreError } from "../../base/errors.ts";
import type { Database, Sql } from "../database.ts";
import { isDatabaseError, toStoreError } from "../database-error.ts";
import { createListener } from "./listener.ts";

/** How a PostgreSQL server is reached. */
export type PostgresOptions = {
  readonly databaseUrl: Secret;
  /** The most connections that this process opens, besides one for notifications. */
  readonly maxConnections: number;
  readonly logger: Logger;
};

/** Only needed for as long as one process starts. */
const START_LOCK = 7_265_761;

/** A process that stands still in a transaction must not hold up the others for longer. */
const IDLE_IN_TRANSACTION_MS = 15_000;

const ABORTED = "The database rolled a transaction back because one of its statements had failed.";

type Connection = Pick<PoolClient, "query">;

/** What must not appear in an error: the URL as a whole and its password, as written and as meant. */
const secretsIn = (url: string): readonly string[] => {
  const password = URL.canParse(url) ? new URL(url).password : "";
  return [url, password, safeDecode(password)];
};

const safeDecode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const rowsOf = (result: unknown): unknown[] =>
  typeof result === "object" && result !== null && "rows" in result && Array.isArray(result.rows)
    ? result.rows
    : [];

const sqlOf = (connection: Connection, translate: (error: unknown) => Error): Sql => ({
  query: async (text, values = []) => {
    try {
      return (await connection.query<object>(text, [...values])).rows;
    } catch (error) {
      throw translate(error);
    }
  },
  script: async (text) => {
    try {
      await connection.query(text);
    } catch (error) {
      throw translate(error);
    }
  },
});

const createPool = (options: PostgresOptions): Pool => {
  const url = options.databaseUrl.reveal();
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new StoreError("DATABASE_URL must look like postgres://user:password@host:5432/database.", {
      code: "store-url-invalid",
    });
  }
  const pool = new Pool({
    connectionString: url,
    max: options.maxConnections,
    application_name: "reviewflow",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  pool.on("error", () => options.logger.warn({}, "an idle connection to the database was lost"));
  // The pool takes its own listener off a client before whoever waits for it can put one on: a server's
  // last words in the same read as its last answer would then be an error that nobody hears, which ends
  // the process. The pool itself sees that the client is no longer usable.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
};

/** Runs `work` on a client of its own. The pool keeps no client whose connection broke meanwhile. */
const withClient = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
};

const inTransaction = async <T>(client: PoolClient, work: () => Promise<T>): Promise<T> => {
  await client.query("BEGIN");
  try {
    const value = await work();
    const committed = await client.query("COMMIT");
    // PostgreSQL answers COMMIT with ROLLBACK when a statement had failed and nobody passed it on.
    if (committed.command !== "COMMIT")
      throw new StoreError(ABORTED, { code: "store-rolled-back", retryable: true });
    return value;
  } catch (error) {
    // The error that ended the transaction is the one to tell; a lost connection rolls back by itself.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
};

/** Connects to a PostgreSQL server that several processes may share. Throws StoreErrors without the password. */
export const openPostgres = async (options: PostgresOptions): Promise<Database> => {
  const pool = createPool(options);
  const secrets = secretsIn(options.databaseUrl.reveal());
  const translate = (error: unknown): Error => toStoreError(error, secrets);
  const listener = createListener(options.databaseUrl, options.logger);
  const database: Database = {
    kind: "shared",
    ...sqlOf(pool, translate),
    transaction: async (work) => {
      try {
        return await withClient(pool, (client) =>
          inTransaction(client, () => work(sqlOf(client, translate))),
        );
      } catch (error) {
        throw isDatabaseError(error) || !(error instanceof Error) ? translate(error) : lost(error, translate);
      }
    },
    batch: async (statements) => {
      try {
        // A message of several statements without BEGIN is one transaction, which ends without us.
        const results: unknown = await pool.query(statements.join(";\n"));
        return Array.isArray(results) ? results.map(rowsOf) : [rowsOf(results)];
      } catch (error) {
        throw translate(error);
      }
    },
    listen: listener.listen,
    exclusively: async (work) =>
      withClient(pool, async (client) => {
        await client.query("SELECT pg_advisory_lock($1)", [START_LOCK]);
        try {
          return await work();
        } finally {
          await client.query("SELECT pg_advisory_unlock($1)", [START_LOCK]);
        }
      }),
    maintain: async () => undefined,
    close: async () => {
      await listener.close();
      await pool.end();
    },
  };
  try {
    await database.query("SELECT 1");
  } catch (error) {
    await pool.end();
    throw error;
  }
  return database;
};

/** Errors of the driver about its connection carry no code; our own errors pass as they are. */
const lost = (error: Error, translate: (error: unknown) => Error): Error => {
  const meant = translate(error);
  return meant instanceof StoreError && meant.code === "store-unreachable" ? meant : error;
};
