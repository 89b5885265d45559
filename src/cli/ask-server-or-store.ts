import { StoreError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import { message } from "../messages/message.ts";
import type { OpenedStore } from "../store/open-store.ts";
import { openIdleStore } from "./open-idle-store.ts";
import {
  isServerDown,
  openServerClient,
  type ServerConfig,
  ServerError,
  type ServerClient,
} from "./server-client.ts";

/** The two ways to what the store knows. */
export type Ways<T> = {
  readonly server: (client: ServerClient) => Promise<T>;
  readonly store: (store: OpenedStore) => Promise<T>;
};

/**
 * Asks the running server, or the store itself where no server runs on this machine. A server that was
 * named is the only one asked, and waited for as long as `timeoutMs`. Throws ServerErrors and StoreErrors.
 */
export const askServerOrStore = async <T>(
  config: ServerConfig,
  named: string | undefined,
  ways: Ways<T>,
  timeoutMs = 10_000,
): Promise<T> => {
  const client = openServerClient(config, { server: named, timeoutMs });
  try {
    return await ways.server(client);
  } catch (error) {
    if (named !== undefined || !isServerDown(error)) throw error;
  }
  await using store = await openUnlessServed(config, client.url);
  return await ways.store(store);
};

const openUnlessServed = async (config: Pick<Config, "store">, url: string): Promise<OpenedStore> => {
  try {
    return await openIdleStore(config);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "store-locked") throw error;
    const what = message("cli.server.store-in-use", { url });
    throw new ServerError(what, { code: "server-unreachable", status: null, cause: error });
  }
};
