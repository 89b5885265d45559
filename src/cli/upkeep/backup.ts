import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { readBeginning } from "../../base/bounded-body.ts";
import { describeError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { Config } from "../../config/config.ts";
import { API_PATH } from "../../http/api/api.ts";
import { message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";
import { readConfig } from "../read-config.ts";
import {
  findServer,
  isServerDown,
  problemOfAnswer,
  type ServerConfig,
  ServerError,
} from "../server-client.ts";
import { readServerEnvironment } from "../server-environment.ts";
import { commandName, terminalTexts } from "../terminal.ts";
import { openConfiguredStore } from "./open-configured-store.ts";

/** What the command line says. */
export type BackupOptions = { readonly config?: string; readonly server?: string };

/**
 * Writes a backup of the embedded store to `file`: from the running server, or from the folder itself where none
 * runs on this machine. The file is there when all of it is on the disk, and not before.
 */
export const runBackup = async (file: string, options: BackupOptions): Promise<void> => {
  const config = readConfig(await readServerEnvironment(), options.config ?? null);
  if (config.store.kind === "postgres") throw new CommandError(message("cli.backup.postgres"));
  const bytes = await writeBackup(config, file, options.server);
  const command = `${commandName(process.env)} restore ${file} FOLDER`;
  console.log(terminalTexts()("cli.backup.done", { bytes, file, command }));
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
  if (store.backup === null) throw new CommandError(message("cli.backup.postgres"));
  return await writeWhole(file, (await store.backup()).stream());
};

/** A refusal is a sentence; what is longer is none of our server's. */
const MAX_REFUSAL_BYTES = 64 * 1024;

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
    const problem = describeError(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
    const what = message("cli.server.unreachable", { url, problem });
    throw new ServerError(what, { code: "server-unreachable", retryable: true, status: null, cause });
  }
  if (response.status === 200 && response.body !== null) return Readable.from(response.body);
  const { status } = response;
  const reason = parseJson(await readBeginning(response.body, MAX_REFUSAL_BYTES));
  const problem = problemOfAnswer(reason) ?? message("cli.backup.no-reason");
  throw new ServerError(message("cli.backup.refused", { url, status, problem }), {
    code: "backup-refused",
    status,
  });
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
    if (error instanceof CommandError) throw error;
    throw new CommandError(message("cli.backup.incomplete", { file, problem: describeError(error) }), {
      code: "backup-incomplete",
      cause: error,
    });
  }
};
