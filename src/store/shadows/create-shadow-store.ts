import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { StoreError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { parseJson } from "../../base/json.ts";
import { ShadowReport } from "../../review/shadow/shadow-report.ts";
import type { Database, Sql } from "../database.ts";
import { storableText, storableTextOrNull } from "../insert-rows.ts";
import { RELEASED } from "../lease.ts";
import { isUuid, RUN_COLUMNS, RunRow } from "../schema.ts";
import { claimShadow } from "./claim-shadow.ts";
import { presentJournal } from "./shadow-journals.ts";
import { SHADOW_COLUMNS, ShadowRow, STANDING_COLUMNS, StandingRow } from "./shadow-rows.ts";
import type { CandidateStanding, PlannedShadow, ShadowStore } from "./shadow-store.ts";

const DAY_MS = 86_400_000;
/** How long comparisons are kept. */
const KEPT_MS = 90 * DAY_MS;

const ReportRow = z.object({ report: z.string().nullable() });

/** Shadow runs over the store's database. */
export const createShadowStore = (database: Database, clock: Clock): ShadowStore => ({
  ...createStandings(database, clock),
  listUnplanned: async ({ flow, candidate }, { sinceMs, limit }) => {
    const rows = await database.query(
      `SELECT ${RUN_COLUMNS} FROM reviewflow.runs
       WHERE flow = $1 AND kind = 'review' AND state IN ('succeeded', 'partial-succeeded')
         AND finished_at >= $2 AND NOT EXISTS (
           SELECT 1 FROM reviewflow.shadow_runs s WHERE s.run_id = runs.id AND s.candidate = $3)
       ORDER BY finished_at, seq LIMIT $4`,
      [flow, sinceMs, candidate, limit],
    );
    return z.array(RunRow).parse(rows);
  },
  journalOf: (runId) => presentJournal(database, runId),
  hasSeen: async ({ flow, candidate }, { projectId, iid }) => {
    const rows = await database.query(
      `SELECT 1 FROM reviewflow.shadow_runs WHERE project_id = $1 AND iid = $2 AND flow = $3 AND candidate = $4
         AND state IN ('queued', 'active', 'done', 'failed') LIMIT 1`,
      [projectId, iid, flow, candidate],
    );
    return rows.length > 0;
  },
  plan: (planned) => database.transaction((tx) => plan(tx, planned, clock.now())),
  claim: (keys, options) => claimShadow(database, clock, keys, options),
  list: async ({ flow, candidate }, limit) => {
    const rows = await database.query(
      `SELECT ${SHADOW_COLUMNS} FROM reviewflow.shadow_runs WHERE flow = $1 AND candidate = $2
       ORDER BY seq DESC LIMIT $3`,
      [flow, candidate, limit],
    );
    return z.array(ShadowRow).parse(rows);
  },
  find: async (id) => {
    if (!isUuid(id)) return null;
    const rows = await database.query(
      `SELECT ${SHADOW_COLUMNS}, report FROM reviewflow.shadow_runs WHERE id = $1`,
      [id],
    );
    const [shadow] = z.array(ShadowRow).parse(rows);
    const text = z.array(ReportRow).parse(rows)[0]?.report ?? null;
    if (shadow === undefined) return null;
    return { shadow, report: text === null ? null : (ShadowReport.safeParse(parseJson(text)).data ?? null) };
  },
});

/** Older comparisons of the merge request that still wait would review a head that is gone. */
const plan = async (tx: Sql, { run, candidate, skip }: PlannedShadow, nowMs: number): Promise<void> => {
  const rows = await tx.query(
    `INSERT INTO reviewflow.shadow_runs
       (id, run_id, flow, candidate, project_id, project_path, iid, head_sha, state, reason, created_at, finished_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (run_id, candidate) DO NOTHING RETURNING 1`,
    [
      newId(),
      run.id,
      run.flow,
      candidate,
      run.projectId,
      run.projectPath,
      run.iid,
      run.headSha,
      skip === null ? "queued" : "skipped",
      storableTextOrNull(skip),
      nowMs,
      skip === null ? null : nowMs,
    ],
  );
  if (rows.length === 0 || skip !== null) return;
  await tx.query(
    `UPDATE reviewflow.shadow_runs SET state = 'skipped', reason = 'A newer review of the merge request is compared.',
       finished_at = $5
     WHERE project_id = $1 AND iid = $2 AND flow = $3 AND candidate = $4 AND state = 'queued' AND run_id <> $6`,
    [run.projectId, run.iid, run.flow, candidate, nowMs, run.id],
  );
};

type Standings = Pick<ShadowStore, "follow" | "standing" | "standings" | "choose">;

const createStandings = (database: Database, clock: Clock): Standings => ({
  follow: async ({ flow, candidate }) => {
    const rows = await database.query(
      `INSERT INTO reviewflow.shadow_candidates AS known (flow, candidate, since) VALUES ($1, $2, $3)
       ON CONFLICT (flow, candidate) DO UPDATE SET since = known.since RETURNING ${STANDING_COLUMNS}`,
      [flow, candidate, clock.now()],
    );
    return onlyStanding(rows);
  },
  standing: async ({ flow, candidate }) => {
    const rows = await database.query(
      `SELECT ${STANDING_COLUMNS} FROM reviewflow.shadow_candidates WHERE flow = $1 AND candidate = $2`,
      [storableText(flow), storableText(candidate)],
    );
    return z.array(StandingRow).parse(rows)[0] ?? null;
  },
  standings: async () => {
    const rows = await database.query(
      `SELECT ${STANDING_COLUMNS} FROM reviewflow.shadow_candidates ORDER BY flow, candidate`,
    );
    return z.array(StandingRow).parse(rows);
  },
  choose: ({ flow, candidate }, choice, by) =>
    database.transaction(async (tx) => {
      const nowMs = clock.now();
      const rows = await tx.query(
        `INSERT INTO reviewflow.shadow_candidates AS known (flow, candidate, since, choice, chosen_at, chosen_by)
         VALUES ($1, $2, $3, $4, $3, $5)
         ON CONFLICT (flow, candidate) DO UPDATE SET choice = excluded.choice, chosen_at = excluded.chosen_at,
           chosen_by = excluded.chosen_by,
           since = CASE WHEN excluded.choice IS NULL THEN excluded.since ELSE known.since END
         RETURNING ${STANDING_COLUMNS}`,
        [flow, candidate, nowMs, choice, storableTextOrNull(by)],
      );
      await tx.query(
        `UPDATE reviewflow.shadow_runs SET state = 'skipped', ${RELEASED}, reason = $4, finished_at = $3
         WHERE flow = $1 AND candidate = $2 AND state IN ('queued', 'active')`,
        [flow, candidate, nowMs, `The candidate was ${choice ?? "taken up again"} meanwhile.`],
      );
      return onlyStanding(rows);
    }),
});

const onlyStanding = (rows: readonly unknown[]): CandidateStanding => {
  const [standing] = z.array(StandingRow).parse(rows);
  if (standing === undefined)
    throw new StoreError("A candidate could not be noted.", { code: "store-conflict", retryable: true });
  return standing;
};

/** Deletes comparisons of more than 90 days ago. */
export const forgetOldShadows = async (sql: Sql, nowMs: number): Promise<void> => {
  await sql.query(
    "DELETE FROM reviewflow.shadow_runs WHERE created_at < $1 AND state IN ('done', 'failed', 'skipped')",
    [nowMs - KEPT_MS],
  );
};
