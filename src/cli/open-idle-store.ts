import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { message } from "../messages/message.ts";
import { openStore, type OpenedStore } from "../store/open-store.ts";
import { hasStore } from "../store/sqlite/data-folder.ts";
import { CommandError } from "./command-error.ts";

/**
 * Opens the store of a server that does not run; one on PostgreSQL may run elsewhere. A data folder is not
 * made where there is none. Throws CommandError `store-missing`, StoreError `store-locked` and whatever opening throws.
 */
export const openIdleStore = async ({ store }: Pick<Config, "store">): Promise<OpenedStore> => {
  if (store.kind === "postgres") return openStore({ database: { databaseUrl: store.url } });
  const folder = resolve(store.folder);
  if (!hasStore(folder))
    throw new CommandError(message("cli.store-missing", { folder }), { code: "store-missing" });
  return openStore({ database: { dataDir: folder } });
};
