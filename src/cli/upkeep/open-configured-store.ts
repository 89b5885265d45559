import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { message } from "../../messages/message.ts";
import { openStore, type OpenedStore } from "../../store/open-store.ts";
import { hasStore } from "../../store/sqlite/data-folder.ts";
import { CommandError } from "../command-error.ts";

/**
 * Opens the store of a configuration with its keys, where no server runs. A data folder is not made where there
 * is none. Throws CommandError `store-missing` and whatever opening throws.
 */
export const openConfiguredStore = async ({
  store,
  encryptionKeys,
}: Pick<Config, "store" | "encryptionKeys">): Promise<OpenedStore> => {
  const tokenKeys = encryptionKeys.map((key) => new Uint8Array(Buffer.from(key.reveal(), "base64")));
  if (store.kind === "postgres") return openStore({ database: { databaseUrl: store.url }, tokenKeys });
  const folder = resolve(store.folder);
  if (hasStore(folder)) return openStore({ database: { dataDir: folder }, tokenKeys });
  throw new CommandError(message("cli.store-missing", { folder }), { code: "store-missing" });
};
