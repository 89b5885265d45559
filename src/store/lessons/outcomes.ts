import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { ENDED_REASONS } from "../../review/decide.ts";
import {
  facetOf,
  type JudgedOutcome,
  OUTCOME_KINDS,
  toCategory,
  toSeverity,
} from "../../review/lessons/outcome.ts";
import type { Sql } from "../database.ts";
import { storableText } from "../insert-rows.ts";
import { Whole } from "../schema.ts";
import type { LessonStore } from "./lesson-store.ts";

/** More of a title or path says nothing more. */
const MAX_TEXT_LENGTH = 1_000;

const OutcomeRow = z
  .object({
    kind: z.enum(OUTCOME_KINDS),
    project_id: Whole,
    iid: Whole,
    flow: z.string(),
    fingerprint: z.string(),
    path: z.string(),
    category: z.string().transform(toCategory),
    severity: z.string().transform(toSeverity),
    title: z.string(),
  })
  .transform(({ kind, project_id: projectId, ...finding }): JudgedOutcome => ({
    kind,
    finding: { projectId, ...finding },
  }));

const HeadRow = z.object({ fingerprint: z.string(), head_sha: z.string() });
const EndedRow = z.object({ project_id: Whole, iid: Whole, flow: z.string() });

const cut = (text: string): string => storableText(text.slice(0, MAX_TEXT_LENGTH));

type Outcomes = Pick<
  LessonStore,
  "keepFindings" | "keepOutcomes" | "dropOutcome" | "raisedAt" | "listOutcomes" | "listEnded" | "keepLooked"
>;

/** Findings and what people made of them. */
export const createOutcomes = (sql: Sql, clock: Clock): Outcomes => ({
  keepFindings: (findings) => keepFindings(sql, findings, clock.now()),
  keepOutcomes: async (outcomes) => {
    if (outcomes.length === 0) return 0;
    const rows = await sql.query(
      `INSERT INTO reviewflow.outcomes AS kept (project_id, iid, flow, fingerprint, facet, kind, user_id, at)
       SELECT DISTINCT ON (1, 2, 3, 4, 5) new.*, $8::bigint FROM unnest($1::bigint[], $2::bigint[], $3::text[],
         $4::text[], $5::text[], $6::text[], $7::bigint[])
         AS new (project_id, iid, flow, fingerprint, facet, kind, user_id)
       JOIN reviewflow.raised_findings USING (project_id, iid, flow, fingerprint)
       ON CONFLICT (project_id, iid, flow, fingerprint, facet) DO UPDATE
         SET kind = excluded.kind, user_id = excluded.user_id,
           at = CASE WHEN kept.kind = excluded.kind THEN kept.at ELSE excluded.at END
       RETURNING 1`,
      [
        outcomes.map(({ projectId }) => projectId),
        outcomes.map(({ iid }) => iid),
        outcomes.map(({ flow }) => storableText(flow)),
        outcomes.map(({ fingerprint }) => storableText(fingerprint)),
        outcomes.map(facetOf),
        outcomes.map(({ kind }) => kind),
        outcomes.map(({ userId }) => userId),
        clock.now(),
      ],
    );
    return rows.length;
  },
  dropOutcome: async (outcome) => {
    const rows = await sql.query(
      `DELETE FROM reviewflow.outcomes WHERE project_id = $1 AND iid = $2 AND flow = $3 AND fingerprint = $4
         AND facet = $5 AND kind = $6 RETURNING 1`,
      [
        outcome.projectId,
        outcome.iid,
        storableText(outcome.flow),
        storableText(outcome.fingerprint),
        facetOf(outcome),
        outcome.kind,
      ],
    );
    return rows.length > 0;
  },
  ...createQuestions(sql, clock),
});

const keepFindings = async (
  sql: Sql,
  findings: Parameters<LessonStore["keepFindings"]>[0],
  nowMs: number,
): Promise<void> => {
  if (findings.length === 0) return;
  await sql.query(
    `INSERT INTO reviewflow.raised_findings
         (project_id, iid, flow, fingerprint, path, category, severity, title, head_sha, raised_at)
       SELECT DISTINCT ON (1, 2, 3, 4) *, $10::bigint FROM unnest($1::bigint[], $2::bigint[], $3::text[],
         $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
       ON CONFLICT (project_id, iid, flow, fingerprint) DO UPDATE
         SET category = excluded.category, severity = excluded.severity, title = excluded.title`,
    [
      findings.map(({ projectId }) => projectId),
      findings.map(({ iid }) => iid),
      findings.map(({ flow }) => storableText(flow)),
      findings.map(({ fingerprint }) => storableText(fingerprint)),
      findings.map(({ path }) => cut(path)),
      findings.map(({ category }) => category),
      findings.map(({ severity }) => severity),
      findings.map(({ title }) => cut(title)),
      findings.map(({ headSha }) => cut(headSha)),
      nowMs,
    ],
  );
};

const createQuestions = (
  sql: Sql,
  clock: Clock,
): Pick<Outcomes, "raisedAt" | "listOutcomes" | "listEnded" | "keepLooked"> => ({
  raisedAt: async ({ projectId, iid }, flow) => {
    const rows = await sql.query(
      `SELECT fingerprint, head_sha FROM reviewflow.raised_findings
       WHERE project_id = $1 AND iid = $2 AND flow = $3`,
      [projectId, iid, storableText(flow)],
    );
    return new Map(
      z
        .array(HeadRow)
        .parse(rows)
        .map((row) => [row.fingerprint, row.head_sha]),
    );
  },
  listOutcomes: async (projectId, limit) => {
    const rows = await sql.query(
      `SELECT o.kind, f.project_id, f.iid, f.flow, f.fingerprint, f.path, f.category, f.severity, f.title
       FROM reviewflow.outcomes o
       JOIN reviewflow.raised_findings f USING (project_id, iid, flow, fingerprint)
       LEFT JOIN reviewflow.voters v ON v.project_id = o.project_id AND v.user_id = o.user_id
       WHERE o.project_id = $1 AND (o.user_id IS NULL OR v.member)
       ORDER BY o.at DESC, o.iid DESC, o.flow, o.fingerprint, o.facet LIMIT $2`,
      [projectId, limit],
    );
    return z.array(OutcomeRow).parse(rows);
  },
  listEnded: async (projectId, limit) => {
    const rows = await sql.query(
      `SELECT DISTINCT f.project_id, f.iid, f.flow FROM reviewflow.raised_findings f
       WHERE f.project_id = $1 AND f.looked_at IS NULL AND EXISTS (
         SELECT 1 FROM reviewflow.deliveries d
         WHERE d.project_id = f.project_id AND d.iid = f.iid AND d.reason = ANY($2::text[]))
       ORDER BY f.iid DESC, f.flow LIMIT $3`,
      [projectId, Object.values(ENDED_REASONS), limit],
    );
    return z
      .array(EndedRow)
      .parse(rows)
      .map((row) => ({ projectId: row.project_id, iid: row.iid, flow: row.flow }));
  },
  keepLooked: async ({ projectId, iid }) => {
    await sql.query(
      "UPDATE reviewflow.raised_findings SET looked_at = $3 WHERE project_id = $1 AND iid = $2",
      [projectId, iid, clock.now()],
    );
  },
});
