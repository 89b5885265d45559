import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ConfigError, describeError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { Config } from "../../config/config.ts";
import { API_PATH } from "../../http/api/api.ts";
import { readConfig } from "../read-config.ts";
import { findServer, isServerDown, type ServerConfig, ServerError } from "../server-client.ts";
import { readServerEnvironment } from "../server-environment.ts";
import { openConfiguredStore } from "./open-configured-store.ts";

/** What the command line says. */
export type BackupOptions = { readonly config?: string; readonly server?: string };

/**
 * Writes a backup of the embedded store to `file`: from the running server, or from the folder itself where none
 * runs on this machine. The file is there when all of it is on the disk, and not before.
 */
export const runBackup = async (file: string, options: BackupOptions): Promise<void> => {
  const config = readConfig(await readServerEnvironment(), options.config ?? null);
  if (config.store.kind === "postgres")
    throw new ConfigError(["the store is on PostgreSQL; back it up there, with pg_dump"]);
  const bytes = await writeBackup(config, file, options.server);
  console.log(
    `Wrote ${bytes} bytes to ${file}. It holds the bodies of deliveries, runs and their results; tokens are in it ` +
      "encrypted only, and the keys are not in it: keep REVIEWFLOW_ENCRYPTION_KEY apart. " +
      `reviewflow restore ${file} FOLDER makes a store of it.`,
  );
};

/** Writes the backup and returns its size in bytes. */
export const writeBackup = async (
  config: ServerConfig & Pick<Config, "encryptionKeys">,
  file: string,
  server?: string,
): Promise<number> => {
  try {
    return await writeWhole(file, await download(config, server));
  } catch (error) {
    if (server !== undefined || !isServerDown(error)) throw error;
  }
  await using store = await openConfiguredStore(config);
  if (store.backup === null)
    throw new ConfigError(["the store is on PostgreSQL; back it up there, with pg_dump"]);
  return await writeWhole(file, (await store.backup()).stream());
};

/** The copy that the running server makes. Throws ServerErrors. */
const download = async (config: ServerConfig, server: string | undefined): Promise<Readable> => {
  const { url, adminToken } = findServer(config, server);
  let response: Response;
  try {
    response = await fetch(`${url}${API_PATH}/backup`, {
      headers: adminToken === null ? {} : { authorization: `Bearer ${adminToken.reveal()}` },
      redirect: "manual",
    });
  } catch (cause) {
    const message = `No server answers at ${url}; start it with reviewflow serve, or name its address with --server`;
    throw new ServerError(message, { code: "server-unreachable", retryable: true, status: null, cause });
  }
  if (response.status === 200 && response.body !== null) return Readable.from(response.body);
  const { status } = response;
  const said = parseJson(await response.text());
  throw new ServerError(
    `The server at ${url} gave no backup (status ${status}): ${messageOf(said)}; its token is REVIEWFLOW_ADMIN_TOKEN (dashboard.admin_token), else admin-token in its data folder`,
    { code: "backup-refused", status },
  );
};

const messageOf = (said: unknown): string => {
  if (typeof said !== "object" || said === null || !("error" in said)) return "no answer of Reviewflow";
  const { error } = said;
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
};

const writeWhole = async (file: string, content: Readable): Promise<number> => {
  const part = `${file}.part`;
  const target = createWriteStream(part, { mode: 0o600 });
  try {
    await pipeline(content, target);
    const handle = await open(part, "r");
    await handle.sync();
    await handle.close();
    await rename(part, file);
    return target.bytesWritten;
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof ServerError || error instanceof ConfigError) throw error;
    throw new ServerError(`The backup could not be written to ${file}: ${describeError(error)}`, {
      code: "backup-incomplete",
      status: null,
      cause: error,
    });
  }
};
