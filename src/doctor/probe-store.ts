import { message } from "../messages/message.ts";
import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { sql } from "kysely";
import { messageOfError, StoreError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import { openPostgres } from "../store/postgres/open-postgres.ts";
import { hasStore } from "../store/sqlite/data-folder.ts";
import { openSqlite } from "../store/sqlite/open-sqlite.ts";
import type { StoreFacts } from "./diagnose-store.ts";

/** Where the store is. */
export type StorePlace =
  | { readonly kind: "embedded"; readonly folder: string }
  | { readonly kind: "postgres"; readonly url: Secret };

/** Looks at the store without changing anything in it: no table is made or brought up to date. */
export const probeStore = (place: StorePlace): Promise<StoreFacts> =>
  place.kind === "embedded" ? probeFolder(resolve(place.folder)) : probePostgres(place.url);

type Folder = Extract<StoreFacts, { kind: "embedded" }>;

const probeFolder = async (folder: string): Promise<StoreFacts> => {
  const nearest = await nearestFolder(folder);
  const freeBytes = await statfs(nearest).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  return { kind: "embedded", folder, freeBytes, ...(await probeState(folder, nearest)) };
};

/** The folder itself, or what of its path is there. */
const nearestFolder = async (folder: string): Promise<string> =>
  (await isThere(folder)) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const probeState = async (folder: string, nearest: string): Promise<Pick<Folder, "state" | "problem">> => {
  try {
    if (!(await stat(nearest)).isDirectory())
      return { state: "unwritable", problem: message("doctor.store.no-folder", { path: nearest }) };
    await access(nearest, constants.W_OK | constants.X_OK);
  } catch (error) {
    return { state: "unwritable", problem: messageOfError(error) };
  }
  if (!hasStore(folder)) return { state: "new", problem: null };
  try {
    const database = await openSqlite(folder);
    await database.close();
    return { state: "opens", problem: null };
  } catch (error) {
    if (error instanceof StoreError && error.code === "store-locked")
      return { state: "in-use", problem: null };
    return { state: "broken", problem: messageOfError(error) };
  }
};

const QUESTION = sql<{ version: string; readOnly: boolean; mayCreate: boolean }>`
  SELECT current_setting('server_version_num') AS version,
    pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only,
    has_database_privilege(current_database(), 'CREATE')
      OR coalesce(has_schema_privilege(to_regnamespace('reviewflow')::oid, 'CREATE'), false) AS may_create`;

const probePostgres = async (databaseUrl: Secret): Promise<StoreFacts> => {
  try {
    const database = await openPostgres({ databaseUrl, maxConnections: 1, logger: silentLogger });
    try {
      const { rows } = await QUESTION.execute(database.db);
      const [row] = rows;
      return {
        kind: "postgres",
        versionNumber: Number(row?.version),
        isReadOnly: row?.readOnly === true,
        mayCreate: row?.mayCreate === true,
      };
    } finally {
      await database.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: "postgres-down", problem: error.what };
  }
};
