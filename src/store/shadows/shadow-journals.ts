import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { StoreError } from "../../base/errors.ts";
import type { Journal } from "../../base/journal.ts";
import type { Sql } from "../database.ts";
import { JournalEntry, readKey, storedKey } from "../journal-entry.ts";
import type { ShadowRun } from "./shadow-store.ts";

/** A shadow run as it is held now. */
export type HeldShadow = { readonly shadow: ShadowRun; readonly claimId: string };

/** Journals read entries under a key or a prefix; where from is all that differs. */
const reading = (sql: Sql, from: string, scope: readonly unknown[]): Pick<Journal, "read" | "entries"> => {
  const select = async (condition: string, text: string) => {
    const rows = await sql.query(
      `SELECT key, value FROM ${from} AND ${condition.replace("$key", `$${scope.length + 1}`)} ORDER BY seq`,
      [...scope, storedKey(text)],
    );
    return z.array(JournalEntry).parse(rows);
  };
  return {
    read: async (key) => (await select("key = $key", key))[0]?.value,
    entries: async (prefix) =>
      new Map(
        (await select("starts_with(key, $key)", prefix)).map(({ key, value }) => [readKey(key), value]),
      ),
  };
};

/** What a run's journal knows; nobody writes to it from here. */
export const presentJournal = (sql: Sql, runId: string): Pick<Journal, "read" | "entries"> =>
  reading(sql, "reviewflow.steps WHERE run_id = $1", [runId]);

/** The finished steps of a shadow run, so that another attempt pays for none of them again. */
export const shadowJournal = (sql: Sql, { shadow, claimId }: HeldShadow): Journal => ({
  ...reading(sql, "reviewflow.shadow_steps WHERE shadow_id = $1", [shadow.id]),
  write: async (key, value) => {
    const rows = await sql.query(
      `WITH claim AS (
         SELECT id FROM reviewflow.shadow_runs WHERE id = $1 AND claim_id = $2 AND state = 'active' FOR SHARE)
       INSERT INTO reviewflow.shadow_steps (shadow_id, key, value) SELECT id, $3, $4 FROM claim
       ON CONFLICT (shadow_id, key) DO UPDATE SET value = excluded.value RETURNING 1`,
      [shadow.id, claimId, storedKey(key), JSON.stringify(value)],
    );
    if (rows.length === 0) throw claimLost(shadow.id);
  },
});

/** No name of a flow holds the sign between the two, so that no flow has this memory by chance. */
const memoryName = ({ flow, candidate }: ShadowRun): string => `${flow}~${candidate}`;

/** What a candidate remembers of a merge request, beside the memories of flows and forgotten like them. */
export const shadowMemory = (sql: Sql, clock: Clock, { shadow, claimId }: HeldShadow): Journal => {
  const scope = [shadow.projectId, shadow.iid, memoryName(shadow)];
  return {
    ...reading(sql, "reviewflow.flow_memory WHERE project_id = $1 AND iid = $2 AND flow = $3", scope),
    write: async (key, value) => {
      const rows = await sql.query(
        `WITH claim AS (
           SELECT project_id, iid FROM reviewflow.shadow_runs
           WHERE id = $1 AND claim_id = $2 AND state = 'active' FOR SHARE)
         INSERT INTO reviewflow.flow_memory (project_id, iid, flow, key, value, used_at)
           SELECT project_id, iid, $3, $4, $5, $6 FROM claim
         ON CONFLICT (project_id, iid, flow, key)
           DO UPDATE SET value = excluded.value, used_at = excluded.used_at RETURNING 1`,
        [shadow.id, claimId, memoryName(shadow), storedKey(key), JSON.stringify(value), clock.now()],
      );
      if (rows.length === 0) throw claimLost(shadow.id);
    },
  };
};

const claimLost = (id: string): StoreError =>
  new StoreError(`Shadow run ${id} is no longer worked on by this process.`, {
    code: "claim-lost",
    retryable: true,
  });
