/** Statements on one connection, or inside one transaction. Failures are StoreErrors. */
export type Sql = {
  /** Runs one statement with `$1` parameters and returns its rows, still unchecked. */
  readonly query: (text: string, values?: readonly unknown[]) => Promise<readonly unknown[]>;
  /** Runs several statements without parameters. */
  readonly script: (text: string) => Promise<void>;
};

/** PostgreSQL, embedded or on a server, as the rest of the store sees it. */
export type Database = Sql & {
  /** `embedded`: this process is the only one that uses the data. `shared`: there may be others. */
  readonly kind: "embedded" | "shared";
  /** Runs `work` in a transaction (read committed) and commits it; a rejection rolls everything back. */
  readonly transaction: <T>(work: (tx: Sql) => Promise<T>) => Promise<T>;
  /**
   * Runs statements without parameters in one transaction, sent whole in one message, so that no lock of theirs
   * waits for this process; returns the rows of each.
   */
  readonly batch: (statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>;
  /** Calls `onMessage` for every notification on `channel`, and once after each (re)connection. */
  readonly listen: (channel: string, onMessage: () => void) => Promise<void>;
  /** Runs `work` while no other process is inside its own `exclusively`. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** The housekeeping that nobody else does for this database. */
  readonly maintain: () => Promise<void>;
  readonly close: () => Promise<void>;
};
