import { sql } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { writeClaimed } from "../claimed-writes.ts";
import type { Database, Sql } from "../database.ts";
import { storableText } from "../stored-text.ts";
import type { LessonStore } from "./lesson-store.ts";
import { createLessonFiles } from "./lesson-files.ts";
import { createOutcomes } from "./outcomes.ts";
import { deleteInPieces } from "../retention/delete-in-pieces.ts";

const DAY_MS = 86_400_000;
/** How long a role is believed. */
const ROLE_KEPT_MS = 30 * DAY_MS;
/** How long findings and what people made of them are kept. */
const KEPT_MS = 365 * DAY_MS;

/** What is learnt from people, over the store's database. */
export const createLessonStore = (database: Database, clock: Clock): LessonStore => {
  const { db } = database;
  return {
    ...createOutcomes(database, clock),
    ...createLessonFiles(database, clock),
    listUnknownVoters: async (projectId, limit) => {
      const rows = await db
        .selectFrom("outcomes as o")
        .leftJoin("voters as v", (join) =>
          join.onRef("v.projectId", "=", "o.projectId").onRef("v.userId", "=", "o.userId"),
        )
        .select("o.userId")
        .distinct()
        .where("o.projectId", "=", projectId)
        .where("o.userId", "is not", null)
        .where((eb) =>
          eb.or([eb("v.checkedAt", "is", null), eb("v.checkedAt", "<", clock.now() - ROLE_KEPT_MS)]),
        )
        .orderBy("o.userId")
        .limit(limit)
        .execute();
      return rows.flatMap(({ userId }) => (userId === null ? [] : [{ userId }]));
    },
    keepVoter: async (projectId, userId, isMember) => {
      const known = { member: isMember ? 1 : 0, checkedAt: clock.now() };
      await writeClaimed(database, (tx) => [
        tx.db
          .insertInto("voters")
          .values({ projectId, userId, ...known })
          .onConflict((conflict) => conflict.columns(["projectId", "userId"]).doUpdateSet(known))
          .compile(),
      ]);
    },
    findProject: async (path) => {
      const delivery = await db
        .selectFrom("deliveries")
        .select(["projectId", "projectPath"])
        .where("projectPath", "=", storableText(path))
        .where("projectId", "is not", null)
        .orderBy("seq", "desc")
        .executeTakeFirst();
      const found =
        delivery ??
        (await db
          .selectFrom("lessons")
          .select(["projectId", "projectPath"])
          .where("projectPath", "=", storableText(path))
          .executeTakeFirst());
      const id = found?.projectId ?? null;
      return id === null ? null : { id, path: found?.projectPath ?? path };
    },
  };
};

/** Deletes findings of more than a year ago, with what people made of them. */
export const forgetOldFindings = async (database: Sql, nowMs: number): Promise<void> => {
  await deleteInPieces(database, {
    table: "findings",
    key: ["project_id", "iid", "flow", "fingerprint"],
    where: sql`raised_at < ${nowMs - KEPT_MS}`,
  });
};
