import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Translate } from "../../messages/format-message.ts";
import type { KeyStatus } from "../../store/sealed-keys.ts";
import { readConfig } from "../read-config.ts";
import { readServerEnvironment } from "../server-environment.ts";
import { isServerDown, openServerClient, type ServerClient } from "../server-client.ts";
import type { OpenedStore } from "../../store/open-store.ts";
import { terminalTexts } from "../terminal.ts";
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
  for (const line of renderKeys(terminalTexts(), status)) console.log(line);
  return status.keys.some(({ kind }) => kind === "missing") ? 1 : 0;
};

/** One line for each key: what it does, and whether it can be removed. */
const renderKeys = (t: Translate, { current, keys }: KeyStatus): readonly string[] =>
  current === null && keys.length === 0
    ? [t("cli.keys.none")]
    : keys.map(({ id, kind, tokens }) => t(`cli.keys.${kind}`, { id, tokens }));
