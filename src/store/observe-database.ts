import { StoreError } from "../base/errors.ts";
import type { Database } from "./database.ts";

/**
 * A database that tells the code of every StoreError that its statements, transactions and housekeeping
 * end with; a statement inside a transaction counts with the transaction. `onError` must not throw.
 */
export const observeDatabase = <Observed extends Database>(
  database: Observed,
  onError: (code: string) => void,
): Observed => {
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof StoreError) onError(error.code);
      throw error;
    }
  };
  return {
    ...database,
    query: (text, values) => watch(database.query(text, values)),
    script: (text) => watch(database.script(text)),
    batch: (statements) => watch(database.batch(statements)),
    transaction: (work) => watch(database.transaction(work)),
    maintain: () => watch(database.maintain()),
  };
};
