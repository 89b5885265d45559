import { resolve } from "node:path";
import { StoreError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import { openStore, type OpenedStore } from "../store/open-store.ts";
import { hasStore } from "../store/sqlite/data-folder.ts";

/**
 * Opens the store of a server that does not run; one on PostgreSQL may run elsewhere. A data folder is not
 * made where there is none. Throws StoreError `store-missing`, `store-locked` and whatever opening throws.
 */
export const openIdleStore = async ({ store }: Pick<Config, "store">): Promise<OpenedStore> => {
  if (store.kind === "postgres") return openStore({ database: { databaseUrl: store.url } });
  const folder = resolve(store.folder);
  if (!hasStore(folder)) {
    throw new StoreError(
      `There is no store in ${folder}; set REVIEWFLOW_DATA_DIR (or --config) to what the server is started with`,
      { code: "store-missing" },
    );
  }
  return openStore({ database: { dataDir: folder } });
};
