import { message } from "../messages/message.ts";
import { sql } from "kysely";
import type { Clock } from "../base/clock.ts";
import { StoreError } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import type { Json } from "../base/json.ts";
import { ENDED_CODES } from "../review/decide.ts";
import type { TakenRun } from "./claim-runs.ts";
import type { ClaimedRow } from "./claimed-writes.ts";
import type { Sql } from "./database.ts";
import { startsWith } from "./dialect.ts";
import { claimLost, readValue, storedKey, toEntries } from "./journal-entry.ts";
import { deleteInPieces, inPieces } from "./retention/delete-in-pieces.ts";

const DAY_MS = 86_400_000;
/** How long an entry that nobody uses is kept. */
const UNUSED_MS = 90 * DAY_MS;
const MAX_ENTRY_BYTES = 1024 * 1024;

/** Which entries belong together: those of one flow, or candidate, over one merge request. */
export type CacheScope = { readonly projectId: number; readonly iid: number; readonly flow: string };

/** What the runs of one flow over one merge request remember together; see createReviewCache. */
export const createFlowMemory = (
  database: Sql,
  clock: Clock,
  { run, claimId }: Pick<TakenRun, "run" | "claimId">,
): Journal => createReviewCache(database, clock, run, { table: "runs", id: run.id, claimId });

/**
 * The entries of one scope. As with a run's journal, `write` is refused with StoreError `claim-lost` once another
 * attempt has begun. Throws StoreError `memory-entry-too-large` for a value of more than 1 MiB.
 */
export const createReviewCache = (
  { db, dialect }: Sql,
  clock: Clock,
  { projectId, iid, flow }: CacheScope,
  { table, id, claimId }: ClaimedRow,
): Journal => {
  const entries = db
    .selectFrom("reviewCache")
    .select(["key", "value", "usedAt"])
    .where("projectId", "=", projectId)
    .where("iid", "=", iid)
    .where("flow", "=", flow)
    .orderBy("seq");
  /** Notes that entries are in use, at most once a day each, so that reading stays reading. */
  const used = async <Entry extends { readonly key: string; readonly usedAt: number }>(
    read: readonly Entry[],
  ): Promise<readonly Entry[]> => {
    const nowMs = clock.now();
    const stale = read.filter((entry) => entry.usedAt < nowMs - DAY_MS).map(({ key }) => key);
    if (stale.length > 0)
      await db
        .updateTable("reviewCache")
        .set({ usedAt: nowMs })
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .where("flow", "=", flow)
        .where("key", "in", stale)
        .execute();
    return read;
  };
  return {
    read: async (key) => {
      const [entry] = await used(await entries.where("key", "=", storedKey(key)).execute());
      return entry === undefined ? undefined : readValue(entry.value);
    },
    entries: async (prefix) =>
      toEntries(await used(await entries.where(startsWith("key", storedKey(prefix))).execute())),
    write: async (key, value) => {
      const text = JSON.stringify(value);
      assertSize(key, text);
      const { numInsertedOrUpdatedRows: written = 0n } = await db
        .insertInto("reviewCache")
        .columns(["projectId", "iid", "flow", "key", "value", "usedAt"])
        .expression((eb) =>
          eb
            .selectFrom(table)
            .select([
              "projectId",
              "iid",
              sql<string>`CAST(${flow} AS text)`.as("flow"),
              sql<string>`CAST(${storedKey(key)} AS text)`.as("key"),
              sql<string>`CAST(${text} AS text)`.as("value"),
              sql<number>`CAST(${clock.now()} AS bigint)`.as("usedAt"),
            ])
            .where("id", "=", id)
            .where("claimId", "=", claimId)
            .where("state", "=", "active")
            .$if(dialect === "postgres", (query) => query.forShare()),
        )
        .onConflict((conflict) =>
          conflict
            .columns(["projectId", "iid", "flow", "key"])
            .doUpdateSet((eb) => ({ value: eb.ref("excluded.value"), usedAt: eb.ref("excluded.usedAt") })),
        )
        .executeTakeFirst();
      if (written === 0n) throw claimLost(id);
    },
  };
};

/** The values under a key in the scopes of all flows over a merge request. */
export const readOfAllFlows = async (
  { db }: Sql,
  { projectId, iid }: Omit<CacheScope, "flow">,
  key: string,
): Promise<readonly Json[]> => {
  const entries = await db
    .selectFrom("reviewCache")
    .select("value")
    .where("projectId", "=", projectId)
    .where("iid", "=", iid)
    .where("key", "=", storedKey(key))
    .orderBy("seq")
    .execute();
  return entries.map(({ value }) => readValue(value));
};

const assertSize = (key: string, text: string): void => {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_ENTRY_BYTES) return;
  throw new StoreError(
    message("store.entry-too-large", { most: MAX_ENTRY_BYTES, key: key.slice(0, 100), bytes }),
    { code: "memory-entry-too-large" },
  );
};

/**
 * Deletes what nobody has used for `unusedMs` (90 days when left out, null for ever), and what belongs to merge
 * requests whose end was the last thing that was heard of them. A reopened one is reviewed from the beginning.
 */
export const forgetUnusedMemory = async (
  database: Sql,
  nowMs: number,
  unusedMs: number | null = UNUSED_MS,
): Promise<void> => {
  if (unusedMs !== null)
    await deleteInPieces(database, {
      table: "review_cache",
      key: ["seq"],
      where: sql`used_at < ${nowMs - unusedMs}`,
    });
  let at = { projectId: -1, iid: -1 };
  await inPieces(async (most) => {
    const found = await listRemembered(database, at, most);
    at = found.at(-1) ?? at;
    const ended = found.filter(({ endedAt, reviewedAt }) => endedAt !== null && endedAt > (reviewedAt ?? 0));
    for (const { projectId, iid } of ended)
      await deleteInPieces(database, {
        table: "review_cache",
        key: ["seq"],
        where: sql`project_id = ${projectId} AND iid = ${iid}`,
      });
    return found.length;
  });
};

/** Merge requests behind `at` of which something is remembered, with the last that was heard of them. */
const listRemembered = async (
  { db }: Sql,
  at: { readonly projectId: number; readonly iid: number },
  most: number,
) => {
  const newest = (condition: ReturnType<typeof sql>) =>
    sql`(SELECT max(d.seq) FROM reviewflow.deliveries d
         WHERE d.project_id = known.project_id AND d.iid = known.iid AND ${condition})`;
  const { rows } = await sql<{
    projectId: number;
    iid: number;
    endedAt: number | null;
    reviewedAt: number | null;
  }>`
    SELECT known.project_id, known.iid,
      ${newest(sql`d.reason_code IN (${sql.join(ENDED_CODES)})`)} AS ended_at,
      ${newest(sql`d.decision = 'review'`)} AS reviewed_at
    FROM (SELECT DISTINCT project_id, iid FROM reviewflow.review_cache
          WHERE (project_id, iid) > (${at.projectId}, ${at.iid})
          ORDER BY project_id, iid LIMIT ${most}) AS known
    ORDER BY known.project_id, known.iid`.execute(db);
  return rows;
};
