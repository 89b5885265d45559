import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { StoreError } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import { ENDED_REASONS } from "../review/decide.ts";
import type { TakenRun } from "./claim-runs.ts";
import type { Database, Sql } from "./database.ts";
import { JournalEntry, readKey, storedKey } from "./journal-entry.ts";
import { claimLost } from "./run-journal.ts";
import { Whole } from "./schema.ts";

const DAY_MS = 86_400_000;
/** How long an entry that nobody uses is kept. */
const UNUSED_MS = 90 * DAY_MS;
const MAX_ENTRY_BYTES = 1024 * 1024;

const UsedEntry = JournalEntry.extend({ used_at: Whole });

/**
 * What the runs of one flow over one merge request remember together. As with a run's journal, `write`
 * is refused with StoreError `claim-lost` once another turn has begun. Throws StoreError
 * `memory-entry-too-large` for a value of more than 1 MiB.
 */
export const createFlowMemory = (
  database: Database,
  clock: Clock,
  { run, claimId }: Pick<TakenRun, "run" | "claimId">,
): Journal => {
  const scope = [run.projectId, run.iid, run.flow];
  const select = async (condition: string, parameter: string) => {
    const rows = await database.query(
      `SELECT key, value, used_at FROM reviewflow.flow_memory
       WHERE project_id = $1 AND iid = $2 AND flow = $3 AND ${condition} ORDER BY seq`,
      [...scope, storedKey(parameter)],
    );
    const entries = z.array(UsedEntry).parse(rows);
    await touch(database, scope, entries, clock.now());
    return entries;
  };
  return {
    read: async (key) => (await select("key = $4", key))[0]?.value,
    entries: async (prefix) =>
      new Map((await select("starts_with(key, $4)", prefix)).map(({ key, value }) => [readKey(key), value])),
    write: async (key, value) => {
      const text = JSON.stringify(value);
      assertSize(key, text);
      const rows = await database.query(
        `WITH claim AS (
           SELECT project_id, iid, flow FROM reviewflow.runs
           WHERE id = $1 AND claim_id = $2 AND state = 'active' FOR SHARE)
         INSERT INTO reviewflow.flow_memory (project_id, iid, flow, key, value, used_at)
           SELECT project_id, iid, flow, $3, $4, $5 FROM claim
         ON CONFLICT (project_id, iid, flow, key)
           DO UPDATE SET value = excluded.value, used_at = excluded.used_at RETURNING 1`,
        [run.id, claimId, storedKey(key), text, clock.now()],
      );
      if (rows.length === 0) throw claimLost(run.id);
    },
  };
};

const assertSize = (key: string, text: string): void => {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_ENTRY_BYTES) return;
  throw new StoreError(
    `The memory of a flow takes entries of at most ${MAX_ENTRY_BYTES} bytes; ${key.slice(0, 100)} has ${bytes}.`,
    { code: "memory-entry-too-large" },
  );
};

/** Notes that entries are in use, at most once a day each, so that reading stays reading. */
const touch = async (
  sql: Sql,
  scope: readonly unknown[],
  entries: readonly z.infer<typeof UsedEntry>[],
  nowMs: number,
): Promise<void> => {
  const stale = entries.filter((entry) => entry.used_at < nowMs - DAY_MS).map(({ key }) => key);
  if (stale.length === 0) return;
  await sql.query(
    `UPDATE reviewflow.flow_memory SET used_at = $5
     WHERE project_id = $1 AND iid = $2 AND flow = $3 AND key = ANY($4::text[])`,
    [...scope, stale, nowMs],
  );
};

/**
 * Deletes what nobody has used for `unusedMs` (90 days when left out, null for ever), and what belongs to merge requests whose end was the last
 * thing that was heard of them. A reopened one is reviewed from the beginning.
 */
export const forgetUnusedMemory = async (
  sql: Sql,
  nowMs: number,
  unusedMs: number | null = UNUSED_MS,
): Promise<void> => {
  if (unusedMs !== null)
    await sql.query("DELETE FROM reviewflow.flow_memory WHERE used_at < $1", [nowMs - unusedMs]);
  await sql.query(
    `DELETE FROM reviewflow.flow_memory m USING (
       SELECT known.project_id, known.iid,
         (SELECT max(d.seq) FROM reviewflow.deliveries d
          WHERE d.project_id = known.project_id AND d.iid = known.iid AND d.reason = ANY($1::text[])) AS ended,
         (SELECT max(d.seq) FROM reviewflow.deliveries d
          WHERE d.project_id = known.project_id AND d.iid = known.iid AND d.decision = 'review') AS reviewed
       FROM (SELECT DISTINCT project_id, iid FROM reviewflow.flow_memory) AS known) AS last
     WHERE m.project_id = last.project_id AND m.iid = last.iid AND last.ended > coalesce(last.reviewed, 0)`,
    [Object.values(ENDED_REASONS)],
  );
};
