import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import type { Database, Sql } from "../database.ts";
import { storableText } from "../insert-rows.ts";
import { NOW, RELEASED, renewLeases } from "../lease.ts";
import { RUN_COLUMNS, RunRow } from "../schema.ts";
import { presentJournal, shadowJournal, shadowMemory, type HeldShadow } from "./shadow-journals.ts";
import { SHADOW_COLUMNS, ShadowRow } from "./shadow-rows.ts";
import type { ShadowClaim, ShadowSettlement, ShadowStore } from "./shadow-store.ts";

/**
 * Takes the oldest due shadow run whose candidate nobody has decided about. One whose holder has been
 * silent for its lease is taken over.
 */
export const claimShadow = async (
  database: Database,
  clock: Clock,
  keys: Parameters<ShadowStore["claim"]>[0],
  { leaseMs, plannedBeforeMs }: Parameters<ShadowStore["claim"]>[1],
): Promise<ShadowClaim | null> => {
  const claimId = newId();
  const rows = await database.query(
    `UPDATE reviewflow.shadow_runs SET state = 'active', claim_id = $1, held_until = ${NOW} + $2,
       attempts = attempts + 1
     WHERE id = (
       SELECT s.id FROM reviewflow.shadow_runs s
       JOIN reviewflow.shadow_candidates c ON c.flow = s.flow AND c.candidate = s.candidate
       WHERE (s.flow, s.candidate) IN (SELECT * FROM unnest($3::text[], $4::text[])) AND c.choice IS NULL
         AND ($5::bigint IS NULL OR s.created_at < $5)
         AND (s.state = 'queued' AND s.due_at <= ${NOW} OR s.state = 'active' AND s.held_until <= ${NOW})
       ORDER BY s.seq LIMIT 1 FOR UPDATE OF s SKIP LOCKED)
     RETURNING ${SHADOW_COLUMNS}`,
    [claimId, leaseMs, keys.map(({ flow }) => flow), keys.map(({ candidate }) => candidate), plannedBeforeMs],
  );
  const [shadow] = z.array(ShadowRow).parse(rows);
  if (shadow === undefined) return null;
  const runs = await database.query(`SELECT ${RUN_COLUMNS} FROM reviewflow.runs WHERE id = $1`, [
    shadow.runId,
  ]);
  const [run] = z.array(RunRow).parse(runs);
  // A run that is deleted takes its shadow with it.
  if (run === undefined) return null;
  const held = { shadow, claimId };
  return {
    shadow,
    run,
    presentJournal: presentJournal(database, run.id),
    journal: shadowJournal(database, held),
    memory: shadowMemory(database, clock, held),
    renew: async () => (await renewLeases(database, "shadow_runs", [claimId], leaseMs)).length > 0,
    settle: (settlement) => database.transaction((tx) => settle(tx, clock, held, settlement)),
  };
};

const settle = async (
  tx: Sql,
  clock: Clock,
  { shadow, claimId }: HeldShadow,
  settlement: ShadowSettlement,
): Promise<boolean> => {
  const ours = "WHERE id = $1 AND claim_id = $2 AND state = 'active' RETURNING 1";
  if (settlement.state === "retry" || settlement.state === "handed-back") {
    const isRetry = settlement.state === "retry";
    const counts = isRetry && settlement.untried !== true;
    const rows = await tx.query(
      `UPDATE reviewflow.shadow_runs SET state = 'queued', ${RELEASED}, reason = $3, due_at = ${NOW} + $4,
         attempts = attempts - $5 ${ours}`,
      [
        shadow.id,
        claimId,
        isRetry ? storableText(settlement.reason) : null,
        isRetry ? Math.ceil(settlement.delayMs) : 0,
        counts ? 0 : 1,
      ],
    );
    return rows.length > 0;
  }
  const isDone = settlement.state === "done";
  const rows = await tx.query(
    `UPDATE reviewflow.shadow_runs SET state = $3, ${RELEASED}, reason = $4, report = $5, figures = $6,
       finished_at = $7 ${ours}`,
    [
      shadow.id,
      claimId,
      settlement.state,
      isDone ? null : storableText(settlement.reason),
      isDone ? JSON.stringify(settlement.report) : null,
      isDone ? JSON.stringify(settlement.figures) : null,
      clock.now(),
    ],
  );
  if (rows.length > 0)
    await tx.query("DELETE FROM reviewflow.shadow_steps WHERE shadow_id = $1", [shadow.id]);
  return rows.length > 0;
};
