import { Socket } from "node:net";
import { message } from "../../messages/message.ts";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import {
  Pool,
  type PoolClient,
  type QueryConfig,
  type QueryResult,
  TypeOverrides,
  escapeLiteral,
  types,
} from "pg";
import type { Logger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import { StoreError } from "../../base/errors.ts";
import { ANSWER_MS, type Database, type Sql, createKysely } from "../database.ts";
import { isSilence, postgresError } from "../database-error.ts";
import type { Tables } from "../tables.ts";
import { createListener } from "./listener.ts";

/** How a PostgreSQL server is reached. */
export type PostgresOptions = {
  readonly databaseUrl: Secret;
  /** The most connections that this process opens, besides one for notifications. */
  readonly maxConnections: number;
  readonly logger: Logger;
  /**
   * How long a connection and the answer to a statement are waited for, in milliseconds: a server may fall silent
   * without an end of its connections. Scripts, and those who wait for each other at their start, may take longer.
   * ANSWER_MS when left out.
   */
  readonly answerMs?: number;
  /** Hears of every failure of a statement; must not throw. */
  readonly onError?: (error: unknown) => void;
};

/** Only needed for as long as one process starts. */
const START_LOCK = 7_265_761;

/** A process that stands still in a transaction must not hold up the others for longer. */
const IDLE_IN_TRANSACTION_MS = 15_000;
/** A row that an instance has locked that stands still is not waited for: it ends in a conflict. */
const BOUNDED = "SET LOCAL lock_timeout = 2000";
/** No statement of ours takes so long on a server that works. */
const STATEMENT_MS = 60_000;

/** int8 and numeric as numbers: counts and sums of ours stay below 2^53. */
const createTypes = (): TypeOverrides => {
  const overrides = new TypeOverrides();
  for (const oid of [types.builtins.INT8, types.builtins.NUMERIC]) overrides.setTypeParser(oid, Number);
  return overrides;
};

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

/** The sockets of connections, which end with the process also where a silent server answers no goodbye. */
const createSockets = () => {
  const open = new Set<Socket>();
  return {
    add: (): Socket => {
      const socket = new Socket();
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      return socket;
    },
    /** Drops what is not closed after `ms`; holds up nothing meanwhile. */
    dropAfter: (ms: number): void => {
      setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, ms).unref();
    },
  };
};

const createPool = (options: PostgresOptions, stream: () => Socket): Pool => {
  const url = options.databaseUrl.reveal();
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new StoreError(
      message("store.url-invalid", { example: "postgres://user:password@host:5432/database" }),
      {
        code: "store-url-invalid",
      },
    );
  }
  const pool = new Pool({
    connectionString: url,
    max: options.maxConnections,
    application_name: "reviewflow",
    connectionTimeoutMillis: options.answerMs ?? ANSWER_MS,
    keepAlive: true,
    stream,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    statement_timeout: STATEMENT_MS,
    // Our statements are long and their answers short: compiling one takes a hundred times as long as it runs.
    options: "-c jit=off",
    types: createTypes(),
  });
  pool.on("error", () => options.logger.warn({}, "an idle connection to the database was lost"));
  // The pool takes its own listener off a client before whoever waits for it can put one on: a server's
  // last words in the same read as its last answer would then be an error that nobody hears, which ends
  // the process. The pool itself sees that the client is no longer usable.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
};

/** Statements that may take as long as they need. */
const UNHURRIED = new WeakSet<CompiledQuery>();

const createDriver = (pool: Pool, answerMs: number, failed: (error: unknown) => Error): Driver => {
  /** Whose answer did not come: what is asked next would wait behind it. */
  const silent = new WeakSet<PoolClient>();
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw failed(error);
    }
  };
  const ask = async (
    client: PoolClient,
    query: QueryConfig & { readonly query_timeout?: number },
  ): Promise<QueryResult<never>> => {
    try {
      return await client.query<never>(query);
    } catch (error) {
      if (isSilence(error)) silent.add(client);
      throw error;
    }
  };
  const control = (client: PoolClient, text: string): Promise<QueryResult<never>> =>
    ask(client, { text, query_timeout: answerMs });
  const connections = new WeakMap<DatabaseConnection, PoolClient>();
  const connectionOf = (client: PoolClient): DatabaseConnection => ({
    executeQuery: (query: CompiledQuery) =>
      watched(async () => {
        const limit = UNHURRIED.has(query) ? {} : { query_timeout: answerMs };
        const values = [...query.parameters];
        const result = await ask(client, { text: query.sql, values, ...limit });
        // Several statements have several results, which nobody reads.
        if (Array.isArray(result)) return { rows: [] };
        return { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) };
      }),
    streamQuery: () => {
      throw new TypeError("rows are not streamed");
    },
  });
  const clientOf = (connection: DatabaseConnection): PoolClient => {
    const client = connections.get(connection);
    if (client === undefined) throw new TypeError("not a connection of this pool");
    return client;
  };
  return {
    init: async () => undefined,
    acquireConnection: async () => {
      const client = await watched(() => pool.connect());
      const connection = connectionOf(client);
      connections.set(connection, client);
      return connection;
    },
    beginTransaction: async (connection) => {
      await watched(() => control(clientOf(connection), "BEGIN"));
    },
    commitTransaction: async (connection) => {
      const committed = await watched(() => control(clientOf(connection), "COMMIT"));
      // PostgreSQL answers COMMIT with ROLLBACK when a statement had failed and nobody passed it on.
      if (committed.command !== "COMMIT")
        throw new StoreError(message("store.rolled-back"), { code: "store-rolled-back", retryable: true });
    },
    rollbackTransaction: async (connection) => {
      // The error that ended the transaction is the one to pass on; a lost connection rolls back by itself.
      const client = clientOf(connection);
      if (!silent.has(client)) await control(client, "ROLLBACK").catch(() => undefined);
    },
    // The pool keeps no client whose connection broke meanwhile.
    releaseConnection: async (connection) => {
      const client = clientOf(connection);
      client.release(silent.has(client));
    },
    destroy: async () => undefined,
  };
};

/** A value as it stands in a statement; statements that travel together have no parameters. */
const literal = (value: unknown): string => {
  switch (typeof value) {
    case "number":
    case "bigint":
      return `(${value})`;
    case "string":
      return escapeLiteral(value);
    default:
      if (value === null) return "NULL";
      if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString("hex")}'::bytea`;
      throw new TypeError(`a value of the kind ${typeof value} is in no column`);
  }
};

const inlined = ({ sql, parameters }: CompiledQuery): string =>
  sql.replaceAll(/\$(\d+)/g, (_, place: string) => literal(parameters[Number(place) - 1]));

/** Connects to a PostgreSQL server that several processes may share. Throws StoreErrors without the password. */
export const openPostgres = async (options: PostgresOptions): Promise<Database> => {
  const answerMs = options.answerMs ?? ANSWER_MS;
  const sockets = createSockets();
  const pool = createPool(options, sockets.add);
  const end = async (): Promise<void> => {
    sockets.dropAfter(answerMs);
    await pool.end();
  };
  const secrets = secretsIn(options.databaseUrl.reveal());
  const failed = (error: unknown): Error => {
    const meant = postgresError(error, secrets);
    options.onError?.(meant);
    return meant;
  };
  const driver = createDriver(pool, answerMs, failed);
  const db = createKysely({
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
    createIntrospector: (known) => new PostgresIntrospector(known),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  });
  try {
    await db.executeQuery(CompiledQuery.raw("SELECT 1"));
  } catch (error) {
    await end();
    throw error;
  }
  return shared(db, createListener({ ...options, answerMs }), end);
};

const shared = (
  db: Kysely<Tables>,
  listener: ReturnType<typeof createListener>,
  end: () => Promise<void>,
): Database => {
  const raw = async (on: Kysely<Tables>, text: string): Promise<void> => {
    await on.executeQuery(CompiledQuery.raw(text));
  };
  const unhurried = async (on: Kysely<Tables>, text: string): Promise<void> => {
    const query = CompiledQuery.raw(text);
    UNHURRIED.add(query);
    await on.executeQuery(query);
  };
  const sqlOf = (on: Kysely<Tables>): Sql => ({
    dialect: "postgres",
    db: on,
    script: (text) => unhurried(on, text),
    notify: (channel) => raw(on, `SELECT pg_notify('${channel}', '')`),
  });
  return {
    kind: "shared",
    ...sqlOf(db),
    transaction: (work) => db.transaction().execute((tx) => work(sqlOf(tx))),
    batch: async (statements) => {
      // A message of several statements without BEGIN is one transaction, which ends without us.
      await raw(db, [BOUNDED, ...statements.map(inlined)].join(";\n"));
    },
    listen: listener.listen,
    exclusively: (work) =>
      db.connection().execute(async (own) => {
        await unhurried(own, `SELECT pg_advisory_lock(${START_LOCK})`);
        try {
          return await work();
        } finally {
          await raw(own, `SELECT pg_advisory_unlock(${START_LOCK})`);
        }
      }),
    reclaim: async () => 0,
    close: async () => {
      await listener.close();
      await db.destroy();
      await end();
    },
  };
};
