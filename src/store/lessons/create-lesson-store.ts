import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Sql } from "../database.ts";
import { storableText } from "../insert-rows.ts";
import { Whole } from "../schema.ts";
import type { LessonStore } from "./lesson-store.ts";
import { createLessonFiles } from "./lesson-files.ts";
import { createOutcomes } from "./outcomes.ts";

const DAY_MS = 86_400_000;
/** How long a role is believed. */
const ROLE_KEPT_MS = 30 * DAY_MS;
/** How long findings and what people made of them are kept. */
const KEPT_MS = 365 * DAY_MS;

const VoterRow = z.object({ user_id: Whole }).transform((row) => ({ userId: row.user_id }));
const ProjectRow = z.object({ id: Whole, path: z.string() });

/** What is learnt from people, over the store's database. */
export const createLessonStore = (sql: Sql, clock: Clock): LessonStore => ({
  ...createOutcomes(sql, clock),
  ...createLessonFiles(sql, clock),
  listUnknownVoters: async (projectId, limit) => {
    const rows = await sql.query(
      `SELECT DISTINCT o.user_id FROM reviewflow.outcomes o
       LEFT JOIN reviewflow.voters v ON v.project_id = o.project_id AND v.user_id = o.user_id
       WHERE o.project_id = $1 AND o.user_id IS NOT NULL AND (v.checked_at IS NULL OR v.checked_at < $2)
       ORDER BY o.user_id LIMIT $3`,
      [projectId, clock.now() - ROLE_KEPT_MS, limit],
    );
    return z.array(VoterRow).parse(rows);
  },
  keepVoter: async (projectId, userId, isMember) => {
    await sql.query(
      `INSERT INTO reviewflow.voters (project_id, user_id, member, checked_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (project_id, user_id) DO UPDATE SET member = excluded.member, checked_at = excluded.checked_at`,
      [projectId, userId, isMember, clock.now()],
    );
  },
  findProject: async (path) => {
    const rows = await sql.query(
      `(SELECT project_id AS id, project_path AS path FROM reviewflow.deliveries
          WHERE project_path = $1 AND project_id IS NOT NULL ORDER BY seq DESC LIMIT 1)
       UNION ALL
       (SELECT project_id, project_path FROM reviewflow.lessons WHERE project_path = $1 LIMIT 1)`,
      [storableText(path)],
    );
    return z.array(ProjectRow).parse(rows)[0] ?? null;
  },
});

/** Deletes findings of more than a year ago, with what people made of them. */
export const forgetOldFindings = async (sql: Sql, nowMs: number): Promise<void> => {
  await sql.query("DELETE FROM reviewflow.raised_findings WHERE raised_at < $1", [nowMs - KEPT_MS]);
};
