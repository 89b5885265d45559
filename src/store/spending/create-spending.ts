import { z } from "zod";
import { NOTHING_SPENT, type Spent } from "../../review/budgets/judge-budget.ts";
import type { Sql } from "../database.ts";
import { storableText } from "../insert-rows.ts";
import { Whole } from "../schema.ts";

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

const SpentRow = z.object({ tokens: z.coerce.number(), cost: z.coerce.number(), runs: z.coerce.number() });
const ProjectRow = SpentRow.extend({ project_id: Whole, project_path: z.string() }).transform(
  ({ project_id, project_path, ...spent }) => ({
    ...spent,
    projectId: project_id,
    projectPath: project_path,
  }),
);

const SUMS =
  "coalesce(sum(tokens), 0) AS tokens, coalesce(sum(cost), 0) AS cost, coalesce(sum(runs), 0) AS runs";

/** What projects used, over the store's database. */
export const createSpending = (sql: Sql): Spending => ({
  spend: async (day, { id, path }, { tokens, cost, runs }) => {
    await sql.query(
      `INSERT INTO reviewflow.spendings AS s (day, project_id, project_path, tokens, cost, runs)
         VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (day, project_id) DO UPDATE SET project_path = excluded.project_path,
         tokens = s.tokens + excluded.tokens, cost = s.cost + excluded.cost, runs = s.runs + excluded.runs`,
      [day, id, storableText(path), amount(tokens), amount(cost), amount(runs)],
    );
  },
  readSpent: async (day, projectId) => {
    const read = async (condition: string, values: readonly unknown[]): Promise<Spent> => {
      const text = `SELECT ${SUMS} FROM reviewflow.spendings WHERE day = $1 ${condition}`;
      return z.array(SpentRow).parse(await sql.query(text, values))[0] ?? NOTHING_SPENT;
    };
    return {
      total: await read("", [day]),
      project: await read("AND project_id = $2", [day, projectId]),
    };
  },
  listSpent: async (day) => {
    const rows = await sql.query(
      `SELECT project_id, project_path, tokens, cost, runs FROM reviewflow.spendings
       WHERE day = $1 ORDER BY project_id`,
      [day],
    );
    return z.array(ProjectRow).parse(rows);
  },
});

/** A number that a model's server made up must not spoil the sums. */
const amount = (value: number): number => (Number.isFinite(value) ? Math.max(0, value) : 0);

const DAY_MS = 86_400_000;
/** For how long days are remembered. */
const KEPT_MS = 400 * DAY_MS;

/** Deletes what was used more than 400 days ago. */
export const forgetOldSpending = async (sql: Sql, nowMs: number): Promise<void> => {
  await sql.query("DELETE FROM reviewflow.spendings WHERE day < $1", [
    new Date(nowMs - KEPT_MS).toISOString().slice(0, 10),
  ]);
};
