import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { parseJson } from "../../base/json.ts";
import type { Sql } from "../database.ts";
import { storableText, storableTextOrNull } from "../insert-rows.ts";
import { Whole } from "../schema.ts";
import type { LessonStore, StoredLessons } from "./lesson-store.ts";

const Struck = z.array(z.string()).catch([]);

const LessonsRow = z
  .object({
    project_id: Whole,
    project_path: z.string(),
    text: z.string(),
    struck: z.string(),
    enabled: z.boolean(),
    version: Whole,
    edited_at: Whole.nullable(),
    edited_by: z.string().nullable(),
    sent: z.string().nullable(),
  })
  .transform((row): StoredLessons => ({
    projectId: row.project_id,
    projectPath: row.project_path,
    text: row.text,
    struck: Struck.parse(parseJson(row.struck)),
    on: row.enabled,
    version: row.version,
    editedAtMs: row.edited_at,
    editedBy: row.edited_by,
    sent: row.sent,
  }));

const COLUMNS = "project_id, project_path, text, struck, enabled, version, edited_at, edited_by, sent";

/** The files that outcomes are summed up to. */
export const createLessonFiles = (
  sql: Sql,
  clock: Clock,
): Pick<LessonStore, "readLessons" | "changeLessons"> => ({
  readLessons: async (projectId) => {
    const rows = await sql.query(`SELECT ${COLUMNS} FROM reviewflow.lessons WHERE project_id = $1`, [
      projectId,
    ]);
    return z.array(LessonsRow).parse(rows)[0] ?? null;
  },
  changeLessons: async (project, version, change) => {
    const edited = change.editedBy === undefined ? null : clock.now();
    const sent = change.sent === undefined ? [false, null] : [true, storableTextOrNull(change.sent)];
    const values = [
      project.id,
      storableText(project.path),
      version,
      change.text === undefined ? null : storableText(change.text),
      change.struck === undefined ? null : storableText(JSON.stringify(change.struck)),
      change.on ?? null,
      edited,
      change.editedBy === undefined ? null : storableText(change.editedBy),
      ...sent,
    ];
    const rows = await sql.query(
      version === 0
        ? `INSERT INTO reviewflow.lessons (project_id, project_path, text, struck, enabled, version, edited_at, edited_by, sent)
           SELECT $1, $2, coalesce($4::text, ''), coalesce($5::text, '[]'), coalesce($6::boolean, true),
             $3::bigint + 1, $7::bigint, $8::text, CASE WHEN $9::boolean THEN $10::text END
           ON CONFLICT (project_id) DO NOTHING RETURNING ${COLUMNS}`
        : `UPDATE reviewflow.lessons SET project_path = $2, text = coalesce($4::text, text),
             struck = coalesce($5::text, struck), enabled = coalesce($6::boolean, enabled),
             version = version + 1, edited_at = coalesce($7::bigint, edited_at),
             edited_by = coalesce($8::text, edited_by),
             sent = CASE WHEN $9::boolean THEN $10::text ELSE sent END
           WHERE project_id = $1 AND version = $3 RETURNING ${COLUMNS}`,
      values,
    );
    return z.array(LessonsRow).parse(rows)[0] ?? null;
  },
});
