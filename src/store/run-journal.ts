import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import type { Database } from "./database.ts";
import { JournalEntry, readKey, storedKey } from "./journal-entry.ts";

/**
 * The journal of one claimed run. Reading is free to anyone; `write` is refused with StoreError
 * `claim-lost` once another turn has begun, so that a process that was thought dead cannot interfere.
 */
export const createRunJournal = (database: Database, runId: string, claimId: string): Journal => ({
  read: async (key) => {
    const rows = await database.query(
      "SELECT key, value FROM reviewflow.steps WHERE run_id = $1 AND key = $2",
      [runId, storedKey(key)],
    );
    return z.array(JournalEntry).parse(rows)[0]?.value;
  },
  entries: async (prefix) => {
    const rows = await database.query(
      "SELECT key, value FROM reviewflow.steps WHERE run_id = $1 AND starts_with(key, $2) ORDER BY seq",
      [runId, storedKey(prefix)],
    );
    return new Map(
      z
        .array(JournalEntry)
        .parse(rows)
        .map(({ key, value }) => [readKey(key), value]),
    );
  },
  write: async (key, value) => {
    const rows = await database.query(
      `WITH claim AS (
         SELECT id FROM reviewflow.runs WHERE id = $1 AND claim_id = $2 AND state = 'active' FOR SHARE)
       INSERT INTO reviewflow.steps (run_id, key, value) SELECT id, $3, $4 FROM claim
       ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value RETURNING 1`,
      [runId, claimId, storedKey(key), JSON.stringify(value)],
    );
    if (rows.length === 0) throw claimLost(runId);
  },
});

/** Another process has this run now, or it has ended. */
export const claimLost = (runId: string): StoreError =>
  new StoreError(`Run ${runId} is no longer worked on by this process.`, {
    code: "claim-lost",
    retryable: true,
  });
