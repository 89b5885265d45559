import { sql } from "kysely";
import type { Spent } from "../../review/budgets/find-used-up.ts";
import { writeClaimed } from "../claimed-writes.ts";
import type { Database, Sql } from "../database.ts";
import { storableText } from "../stored-text.ts";
import { deleteInPieces } from "../retention/delete-in-pieces.ts";

/** A project's use of a day. */
export type ProjectSpent = Spent & { readonly projectId: number; readonly projectPath: string };

/**
 * What projects used, day by day: one row for each, so that a question looks at one day's projects and never
 * at runs. Failures are StoreErrors.
 */
export type Spending = {
  /** Adds to what a project used on a day. */
  readonly spend: (
    day: string,
    project: { readonly id: number; readonly path: string },
    spent: Spent,
  ) => Promise<void>;
  /** What was used on a day, by all projects and by one. */
  readonly readSpent: (
    day: string,
    projectId: number,
  ) => Promise<{ readonly total: Spent; readonly project: Spent }>;
  /** Every project that used something on a day. */
  readonly listSpent: (day: string) => Promise<readonly ProjectSpent[]>;
};

/** What projects used, over the store's database. */
export const createSpending = (database: Database): Spending => {
  const { db } = database;
  const sumOf = async (day: string, projectId: number | null): Promise<Spent> => {
    const row = await db
      .selectFrom("spendings")
      .select((eb) => [
        eb.fn.sum<number | null>("tokens").as("tokens"),
        eb.fn.sum<number | null>("cost").as("cost"),
        eb.fn.sum<number | null>("runs").as("runs"),
      ])
      .where("day", "=", day)
      .$if(projectId !== null, (query) => query.where("projectId", "=", projectId ?? 0))
      .executeTakeFirst();
    return { tokens: row?.tokens ?? 0, cost: row?.cost ?? 0, runs: row?.runs ?? 0 };
  };
  return {
    spend: async (day, { id, path }, spent) => {
      const projectPath = storableText(path);
      const [tokens, cost, runs] = [amount(spent.tokens), amount(spent.cost), amount(spent.runs)];
      await writeClaimed(database, (tx) => [
        tx.db
          .insertInto("spendings")
          .values({ day, projectId: id, projectPath, tokens, cost, runs })
          .onConflict((conflict) =>
            conflict.columns(["day", "projectId"]).doUpdateSet((eb) => ({
              projectPath,
              tokens: eb("spendings.tokens", "+", tokens),
              cost: eb("spendings.cost", "+", cost),
              runs: eb("spendings.runs", "+", runs),
            })),
          )
          .compile(),
      ]);
    },
    readSpent: async (day, projectId) => ({
      total: await sumOf(day, null),
      project: await sumOf(day, projectId),
    }),
    listSpent: async (day) =>
      db
        .selectFrom("spendings")
        .select(["projectId", "projectPath", "tokens", "cost", "runs"])
        .where("day", "=", day)
        .orderBy("projectId")
        .execute(),
  };
};

/** A number that a model's server made up must not spoil the sums. */
const amount = (value: number): number => (Number.isFinite(value) ? Math.max(0, value) : 0);

const DAY_MS = 86_400_000;
/** For how long days are remembered. */
const KEPT_MS = 400 * DAY_MS;

/** Deletes what was used more than 400 days ago. */
export const forgetOldSpending = async (database: Sql, nowMs: number): Promise<void> => {
  await deleteInPieces(database, {
    table: "spendings",
    key: ["day", "project_id"],
    where: sql`day < ${new Date(nowMs - KEPT_MS).toISOString().slice(0, 10)}`,
  });
};
