import { sql } from "kysely";
import type { Clock } from "../base/clock.ts";
import type { NoteRegistry } from "../review/note-registry.ts";
import type { Sql } from "./database.ts";
import { deleteInPieces } from "./retention/delete-in-pieces.ts";
import { REVIEWED_KEPT_MS } from "./retention/retention.ts";

/** More ids at once than any merge request has notes of ours would be too many parameters for a database. */
const AT_ONCE = 200;

/** The ids of our notes, in the store. Which flow wrote them stands in the notes. */
export const createNoteRegistry = ({ db }: Sql, clock: Clock): NoteRegistry => ({
  list: async ({ projectId, iid }) => {
    const rows = await db
      .selectFrom("ownNotes")
      .select("noteId")
      .where("projectId", "=", projectId)
      .where("iid", "=", iid)
      .execute();
    return new Set(rows.map(({ noteId }) => noteId));
  },
  add: async ({ projectId, iid }, noteIds) => {
    const ids = [...new Set(noteIds)];
    for (let from = 0; from < ids.length; from += AT_ONCE)
      await db
        .insertInto("ownNotes")
        .values(
          ids.slice(from, from + AT_ONCE).map((noteId) => ({ projectId, iid, noteId, seenAt: clock.now() })),
        )
        .onConflict((conflict) =>
          conflict
            .columns(["projectId", "iid", "noteId"])
            .doUpdateSet((eb) => ({ seenAt: eb.ref("excluded.seenAt") })),
        )
        .execute();
  },
});

/** Deletes ids that nobody has needed for as long as is kept that there was a review at all. */
export const forgetOwnNotes = async (database: Sql, nowMs: number): Promise<void> => {
  await deleteInPieces(database, {
    table: "own_notes",
    key: ["project_id", "iid", "note_id"],
    where: sql`seen_at < ${nowMs - REVIEWED_KEPT_MS}`,
  });
};
