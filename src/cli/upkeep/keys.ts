import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { KeyStatus } from "../../store/sealed-keys.ts";
import { readConfig } from "../read-config.ts";
import { readServerEnvironment } from "../server-environment.ts";
import { isServerDown, openServerClient, type ServerClient } from "../server-client.ts";
import type { OpenedStore } from "../../store/open-store.ts";
import { openConfiguredStore } from "./open-configured-store.ts";

/** What the command line says. */
export type KeyOptions = { readonly config?: string; readonly server?: string };

const Status = z.object({
  current: z.string().nullable(),
  keys: z.array(
    z.object({ id: z.string(), kind: z.enum(["current", "older", "missing"]), tokens: z.number() }),
  ),
});

/** Prints a fresh key, as REVIEWFLOW_ENCRYPTION_KEY takes it. */
export const printNewKey = (): void => console.log(randomBytes(32).toString("base64"));

/** Says with which keys tokens are sealed; 1 when there are some that no configured key opens. */
export const showKeys = (options: KeyOptions): Promise<number> =>
  withKeys(options, {
    server: (client) => client.get("/keys", Status),
    store: ({ keys }) => keys.status(),
  });

/** Seals everything with the first key; then as `showKeys`. */
export const rotateKeys = (options: KeyOptions): Promise<number> =>
  withKeys(options, {
    server: (client) => client.send("POST", "/keys/rotate", {}, Status),
    store: async ({ keys }) => {
      await keys.reseal();
      return keys.status();
    },
  });

const withKeys = async (
  options: KeyOptions,
  ways: {
    readonly server: (client: ServerClient) => Promise<KeyStatus>;
    readonly store: (store: OpenedStore) => Promise<KeyStatus>;
  },
): Promise<number> => {
  const config = readConfig(await readServerEnvironment(), options.config ?? null);
  let status: KeyStatus;
  try {
    status = await ways.server(openServerClient(config, { server: options.server }));
  } catch (error) {
    if (options.server !== undefined || !isServerDown(error)) throw error;
    await using store = await openConfiguredStore(config);
    status = await ways.store(store);
  }
  for (const line of renderKeys(status)) console.log(line);
  return status.keys.some(({ kind }) => kind === "missing") ? 1 : 0;
};

/** One line for each key: what it does, and whether it can be removed. */
export const renderKeys = ({ current, keys }: KeyStatus): readonly string[] => {
  if (current === null && keys.length === 0) return ["No key is configured, and nothing is sealed."];
  return keys.map(({ id, kind, tokens }) => {
    const sealed = `${tokens} ${tokens === 1 ? "token is" : "tokens are"} sealed with it`;
    if (kind === "current") return `${id}  seals: ${sealed}`;
    if (kind === "missing")
      return `${id}  is not configured: ${sealed} and cannot be read; put it behind the present one in REVIEWFLOW_ENCRYPTION_KEY`;
    return `${id}  opens only: ${sealed}; ${tokens === 0 ? "it can be removed" : "keep it, and see reviewflow keys rotate"}`;
  });
};
