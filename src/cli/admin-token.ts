import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describeError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../http/dashboard/access.ts";
import { message } from "../messages/message.ts";
import { makeDataFolder } from "../store/sqlite/data-folder.ts";
import { CommandError } from "./command-error.ts";

type Settings = Pick<Config, "store" | "dashboard" | "server">;

const TOKEN_FILE = "admin-token";

/** An admin token shorter than the one that is made was not made here; so short a one could be guessed. */
const MIN_CHARS = 32;

const fileOf = (folder: string): string => join(resolve(folder), TOKEN_FILE);

/** What the file holds; null where there is none that this user may read. */
const readToken = (file: string): Secret | null => {
  try {
    return new Secret(readFileSync(file, "utf8").trim());
  } catch {
    return null;
  }
};

/**
 * The admin token of the server that runs with these settings on this machine: the configured one, else the
 * one in its data folder; null where there is none, or this user may not read it.
 */
export const findAdminToken = ({ store, dashboard }: Pick<Settings, "store" | "dashboard">): Secret | null =>
  dashboard.adminToken ?? (store.kind === "embedded" ? readToken(fileOf(store.folder)) : null);

/** A token that stands in the data folder. */
export type AdminTokenFile = { readonly file: string; readonly token: Secret };

/**
 * The admin token of a server without a configured one that is not for this machine alone, where nobody could
 * use the dashboard or the commands otherwise: the one in its data folder, which is made where it is missing.
 * Null where the server needs none, and on PostgreSQL, whose servers have to share one. Throws a CommandError
 * where the file cannot be read or holds no token, and StoreErrors of the folder.
 */
export const provideAdminToken = async ({
  store,
  dashboard,
  server,
}: Settings): Promise<AdminTokenFile | null> => {
  if (dashboard.adminToken !== null || store.kind !== "embedded") return null;
  if (isLoopback(server.host) && dashboard.gitlabOAuth === null) return null;
  const file = fileOf(await makeDataFolder(store.folder));
  try {
    // Only where it is missing: the mode is that of a file that nobody had open before.
    await writeFile(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST"))
      throw new CommandError(message("cli.admin-token.unwritable", { file, problem: describeError(cause) }), {
        cause,
      });
  }
  const token = readToken(file);
  if (token !== null && token.reveal().length >= MIN_CHARS) return { file, token };
  throw new CommandError(message("cli.admin-token.unreadable", { file }));
};
