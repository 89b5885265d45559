import { type CompiledQuery, type Dialect as KyselyDialect, CamelCasePlugin, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Which SQL the database speaks; what only one of them understands stands beside the other's. */
export type Dialect = "sqlite" | "postgres";

/** Statements on the database, or inside one transaction. Failures are StoreErrors. */
export type Sql = {
  readonly dialect: Dialect;
  /** Statements over the tables of the schema `reviewflow`, which raw SQL names in full. */
  readonly db: Kysely<Tables>;
  /** Runs several statements without parameters. */
  readonly script: (text: string) => Promise<void>;
  /** Calls whoever listens to `channel`, in every process, when the transaction commits. */
  readonly notify: (channel: string) => Promise<void>;
};

/** How long a server is waited for: less than half of what GitLab waits for an answer of ours, in milliseconds. */
export const ANSWER_MS = 4_000;

/** SQLite in a folder or PostgreSQL on a server, as the rest of the store sees it. */
export type Database = Sql & {
  /** `embedded`: this process is the only one that uses the data. `shared`: there may be others. */
  readonly kind: "embedded" | "shared";
  /** Runs `work` in a transaction and commits it; a rejection rolls everything back. */
  readonly transaction: <T>(work: (tx: Sql) => Promise<T>) => Promise<T>;
  /**
   * Carries statements out in one transaction, sent whole in one message: no lock of theirs waits for this process,
   * which may stand still at any moment.
   */
  readonly batch: (statements: readonly CompiledQuery[]) => Promise<void>;
  /** Calls `onMessage` for every notification on `channel`, and once after each (re)connection. */
  readonly listen: (channel: string, onMessage: () => void) => Promise<void>;
  /** Runs `work` while no other process is inside its own `exclusively`. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Gives the disk back at most so many pages of what was deleted, and says how many it gave. */
  readonly reclaim: (most: number) => Promise<number>;
  readonly close: () => Promise<void>;
};

/** Kysely over our tables: camelCase in code, snake_case in SQL, all in the schema `reviewflow`. */
export const createKysely = (dialect: KyselyDialect): Kysely<Tables> =>
  new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] }).withSchema("reviewflow");
