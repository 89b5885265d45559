import { message } from "../../messages/message.ts";
import { resolve } from "node:path";
import { type RawBuilder, sql } from "kysely";
import { StoreError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import type { Database, Sql } from "../database.ts";
import { expireLeases } from "../lease.ts";
import { migrate } from "../migrations.ts";
import { openStore } from "../open-store.ts";
import { openPostgres } from "../postgres/open-postgres.ts";
import { hasStore } from "../sqlite/data-folder.ts";
import { openSqlite } from "../sqlite/open-sqlite.ts";
import type { Tables } from "../tables.ts";

/** A folder of an embedded store, or a PostgreSQL database. */
export type StorePlace = { readonly dataDir: string } | { readonly databaseUrl: Secret };

/** What was moved. */
export type MoveReport = {
  /** By the names of SQL. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Runs that wait at the destination, those included that were active when the source was left. */
  readonly waiting: number;
};

/** What the destination counts by itself is not moved. */
type Moved = Exclude<keyof Tables, "schemaVersion" | "runTotals" | "runQuarters" | "deliveryTotals">;

/** Every table with the columns that its rows are read by, each behind those that it refers to. */
const TABLES: Readonly<Record<Moved, { readonly name: string; readonly key: readonly string[] }>> = {
  deliveries: { name: "deliveries", key: ["seq"] },
  deliveryBodies: { name: "delivery_bodies", key: ["delivery_id"] },
  runs: { name: "runs", key: ["seq"] },
  runTokens: { name: "run_tokens", key: ["run_id"] },
  steps: { name: "steps", key: ["seq"] },
  runEvents: { name: "run_events", key: ["seq"] },
  reviewCache: { name: "review_cache", key: ["seq"] },
  tasks: { name: "tasks", key: ["name"] },
  fairShare: { name: "fair_share", key: ["project_id"] },
  rateLimits: { name: "rate_limits", key: ["name"] },
  findings: { name: "findings", key: ["project_id", "iid", "flow", "fingerprint"] },
  outcomes: { name: "outcomes", key: ["project_id", "iid", "flow", "fingerprint", "facet"] },
  voters: { name: "voters", key: ["project_id", "user_id"] },
  lessons: { name: "lessons", key: ["project_id"] },
  shadowCandidates: { name: "shadow_candidates", key: ["flow", "candidate"] },
  shadowRuns: { name: "shadow_runs", key: ["seq"] },
  shadowSteps: { name: "shadow_steps", key: ["seq"] },
  spendings: { name: "spendings", key: ["day", "project_id"] },
  serverKeys: { name: "server_keys", key: ["name"] },
  endedSessions: { name: "ended_sessions", key: ["id"] },
  outages: { name: "outages", key: ["kind", "name"] },
  noticeCauses: { name: "notice_causes", key: ["channel", "cause"] },
  notices: { name: "notices", key: ["id"] },
  progressNotes: { name: "progress_notes", key: ["project_id", "iid", "flow"] },
  reactions: { name: "reactions", key: ["project_id", "iid", "flow"] },
  pendingStatuses: { name: "pending_statuses", key: ["project_id", "iid", "flow", "sha"] },
  outageFlows: { name: "outage_flows", key: ["kind", "name", "run_kind", "flow"] },
  ownNotes: { name: "own_notes", key: ["project_id", "iid", "note_id"] },
  provenTokens: { name: "proven_tokens", key: ["project_id", "token_hash"] },
};

/** Counting a large table takes a while, and nobody waits for it. */
const MOVE_ANSWER_MS = 600_000;

/** Rows in memory at once; of tables with raw bytes few, since one may have 25 MB. */
const ROWS_AT_ONCE = 200;
const BODIES_AT_ONCE = 4;

/**
 * Brings everything that a store holds to an empty one, from a folder to PostgreSQL or back. All of it
 * arrives in one transaction, counted again before it is committed, or nothing does; the source is left as it
 * is. Throws StoreErrors: `store-missing`, `store-in-use` or `store-locked` for the source, `store-not-empty` for
 * the destination.
 */
export const moveStore = async (from: StorePlace, to: StorePlace): Promise<MoveReport> => {
  if ("dataDir" in from && !hasStore(from.dataDir)) {
    throw new StoreError(message("store.missing", { folder: resolve(from.dataDir) }), {
      code: "store-missing",
    });
  }
  const tables = await withDatabase(from, "from", (source) =>
    withDatabase(to, "to", (target) => copyAll(source, target)),
  );
  // Shows that it can be opened.
  await using store = await openStore({ database: to });
  const { queued, retrying, active } = await store.queueStatus();
  return { tables, waiting: queued + retrying + active };
};

const withDatabase = async <T>(
  place: StorePlace,
  side: "from" | "to",
  work: (database: Database) => Promise<T>,
): Promise<T> => {
  const database =
    "databaseUrl" in place
      ? await openPostgres({ ...place, maxConnections: 4, logger: silentLogger, answerMs: MOVE_ANSWER_MS })
      : await openSqlite(place.dataDir);
  try {
    return await database.exclusively(async () => {
      await refuseInUse(database, side);
      await migrate(database);
      return work(database);
    });
  } finally {
    await database.close();
  }
};

/** An embedded store is locked by its folder. A server of ours on PostgreSQL keeps a connection for notifications. */
const refuseInUse = async ({ kind, db }: Database, side: "from" | "to"): Promise<void> => {
  if (kind === "embedded") return;
  const { rows } = await sql<{ users: number }>`
    SELECT count(*) AS users FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'reviewflow-listener'`.execute(db);
  const users = rows[0]?.users ?? 0;
  if (users === 0) return;
  throw new StoreError(message("store.in-use", { option: `--${side}`, users }), { code: "store-in-use" });
};

const MOVED = Object.keys(TABLES).filter((name): name is Moved => name in TABLES);

const countRows = async ({ db }: Sql, table: Moved): Promise<number> =>
  (
    await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("rows"))
      .executeTakeFirstOrThrow()
  ).rows;

const copyAll = async (source: Database, target: Database): Promise<MoveReport["tables"]> =>
  source.transaction(async (from) => {
    if (from.dialect === "postgres") await from.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    return target.transaction(async (to) => {
      for (const table of MOVED) {
        if ((await countRows(to, table)) === 0) continue;
        throw new StoreError(message("store.destination-not-empty", { table: TABLES[table].name }), {
          code: "store-not-empty",
        });
      }
      const copied = [];
      for (const table of MOVED)
        copied.push({ name: TABLES[table].name, rows: await copyTable(from, to, table) });
      for (const table of MOVED) await verifyCount(from, to, table);
      await expireLeases(to);
      return copied;
    });
  });

/** A row by the names of SQL, which are the same on both sides. */
type StoredRow = Readonly<Record<string, unknown>>;

/** Copies the rows of a table, both sides in a transaction of the caller; returns how many they were. */
const copyTable = async (from: Sql, to: Sql, table: Moved): Promise<number> => {
  const { name, key } = TABLES[table];
  const limit = table === "deliveryBodies" ? BODIES_AT_ONCE : ROWS_AT_ONCE;
  const columns = sql.join(key.map((column) => sql.raw(column)));
  let copied = 0;
  let last: readonly unknown[] | null = null;
  for (;;) {
    const behind: RawBuilder<unknown> =
      last === null ? sql`` : sql`WHERE (${columns}) > (${sql.join([...last])})`;
    const { rows }: { readonly rows: readonly StoredRow[] } = await sql<StoredRow>`
      SELECT * FROM ${sql.raw(`reviewflow.${name}`)} ${behind} ORDER BY ${columns} LIMIT ${limit}`.execute(
      from.db.withoutPlugins(),
    );
    const end = rows.at(-1);
    if (end === undefined) break;
    last = key.map((column) => end[column]);
    await insertAll(to, name, rows);
    copied += rows.length;
  }
  if (to.dialect === "postgres" && key[0] === "seq" && copied > 0)
    // The order of arrival goes on behind what was moved.
    await sql`SELECT setval(pg_get_serial_sequence(${`reviewflow.${name}`}, 'seq'),
      (SELECT max(seq) FROM ${sql.raw(`reviewflow.${name}`)}))`.execute(to.db);
  return copied;
};

const insertAll = async ({ db }: Sql, name: string, rows: readonly StoredRow[]): Promise<void> => {
  const columns = Object.keys(rows[0] ?? {});
  const tuples = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column]))})`);
  await sql`INSERT INTO ${sql.raw(`reviewflow.${name}`)} (${sql.raw(columns.join(", "))})
    VALUES ${sql.join(tuples)}`.execute(db);
};

const verifyCount = async (from: Sql, to: Sql, table: Moved): Promise<void> => {
  const [there, here] = [await countRows(from, table), await countRows(to, table)];
  if (there === here) return;
  throw new StoreError(
    message("store.move-incomplete", { table: TABLES[table].name, source: there, destination: here }),
    { code: "store-move-incomplete" },
  );
};
