import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { parseJson } from "../../base/json.ts";
import type { Sql } from "../database.ts";
import { storableText, storableTextOrNull } from "../stored-text.ts";
import type { Row } from "../tables.ts";
import type { LessonsChange, LessonStore, StoredLessons } from "./lesson-store.ts";

const Removed = z.array(z.string()).catch([]);

const toLessons = ({ removed, enabled, editedAt, ...row }: Row<"lessons">): StoredLessons => ({
  ...row,
  struck: Removed.parse(parseJson(removed)),
  on: enabled === 1,
  editedAtMs: editedAt,
});

/** The columns that a change writes. */
const toColumns = (change: LessonsChange, nowMs: number): Partial<Row<"lessons">> => ({
  ...(change.text === undefined ? {} : { text: storableText(change.text) }),
  ...(change.struck === undefined ? {} : { removed: storableText(JSON.stringify(change.struck)) }),
  ...(change.on === undefined ? {} : { enabled: change.on ? 1 : 0 }),
  ...(change.editedBy === undefined || change.editedBy === null
    ? {}
    : { editedAt: nowMs, editedBy: storableText(change.editedBy) }),
  ...(change.sent === undefined ? {} : { sent: storableTextOrNull(change.sent) }),
});

/** The files that outcomes are summed up to. */
export const createLessonFiles = (
  { db }: Sql,
  clock: Clock,
): Pick<LessonStore, "readLessons" | "changeLessons"> => ({
  readLessons: async (projectId) => {
    const row = await db
      .selectFrom("lessons")
      .selectAll()
      .where("projectId", "=", projectId)
      .executeTakeFirst();
    return row === undefined ? null : toLessons(row);
  },
  changeLessons: async (project, version, change) => {
    const columns = toColumns(change, clock.now());
    const projectPath = storableText(project.path);
    const row =
      version === 0
        ? await db
            .insertInto("lessons")
            .values({
              projectId: project.id,
              projectPath,
              version: 1,
              text: "",
              removed: "[]",
              enabled: 1,
              ...columns,
            })
            .onConflict((conflict) => conflict.column("projectId").doNothing())
            .returningAll()
            .executeTakeFirst()
        : await db
            .updateTable("lessons")
            .set({ ...columns, projectPath, version: version + 1 })
            .where("projectId", "=", project.id)
            .where("version", "=", version)
            .returningAll()
            .executeTakeFirst();
    return row === undefined ? null : toLessons(row);
  },
});
