import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StoreError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import { openStore, type OpenedStore } from "../store/open-store.ts";

/**
 * Opens the store of a server that does not run; one on PostgreSQL may run elsewhere. A data folder is not
 * made where there is none. Throws StoreError `store-missing`, `store-locked` and whatever opening throws.
 */
export const openIdleStore = async ({ store }: Pick<Config, "store">): Promise<OpenedStore> => {
  if (store.kind === "postgres") return openStore({ database: { databaseUrl: store.url } });
  const folder = resolve(store.folder);
  // The mark of a finished first start.
  const isThere = await stat(join(folder, "ready")).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    throw new StoreError(
      `There is no store in ${folder}; set REVIEWFLOW_DATA_DIR (or --config) to what the server is started with`,
      { code: "store-missing" },
    );
  }
  return openStore({ database: { dataDir: folder } });
};
