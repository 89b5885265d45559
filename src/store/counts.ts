import { type RawBuilder, sql } from "kysely";
import type { Database, Dialect, Sql } from "./database.ts";
import type { RunState } from "./store.ts";

/**
 * Counts that the database keeps by triggers as rows come, change and go, so that no page counts a million rows.
 * On PostgreSQL each connection adds to rows of its own (`shard` is its process there), so that no transaction waits
 * for another over a sum; `foldCounts` brings them together. A sum is over all shards.
 */

/** Runs are counted by the quarter of an hour they were made in: days begin with one in every time zone. */
const QUARTER_MS = 900_000;

const SHARD: Readonly<Record<Dialect, string>> = { postgres: "pg_backend_pid()", sqlite: "0" };

/** A value of the JSON text in `usage`; null where the database's reader of JSON refuses the text. */
const inUsage = (dialect: Dialect, row: string, name: string): string =>
  dialect === "postgres"
    ? // PostgreSQL refuses U+0000.
      `(CASE WHEN position('\\u0000' in ${row}.usage) = 0 THEN ${row}.usage ELSE '{}' END::json ->> '${name}')`
    : `(${row}.usage ->> '$.${name}')`;

const TOTALS = "reviewflow.run_totals (project_id, state, shard, runs, last_created_at)";
const QUARTERS = "reviewflow.run_quarters (quarter, state, currency, shard, runs, tokens, price)";
const DELIVERIES = "reviewflow.delivery_totals (project_id, shard, deliveries)";

const TOTALS_MERGED = `ON CONFLICT (project_id, state, shard) DO UPDATE SET runs = run_totals.runs + excluded.runs,
  last_created_at = CASE WHEN excluded.last_created_at > run_totals.last_created_at
    THEN excluded.last_created_at ELSE run_totals.last_created_at END`;
const QUARTERS_MERGED = `ON CONFLICT (quarter, state, currency, shard) DO UPDATE SET
  runs = run_quarters.runs + excluded.runs, tokens = run_quarters.tokens + excluded.tokens,
  price = run_quarters.price + excluded.price`;
const DELIVERIES_MERGED =
  "ON CONFLICT (project_id, shard) DO UPDATE SET deliveries = delivery_totals.deliveries + excluded.deliveries";

/** Statements that add the rows of `from`, each `change` times, to the counts of runs. */
const addRuns = (dialect: Dialect, shard: string, from: string, change: string): readonly string[] => {
  const tokens = `coalesce(CAST(${inUsage(dialect, "c", "totalTokens")} AS numeric), 0)`;
  const price = `coalesce(CAST(${inUsage(dialect, "c", "totalPrice")} AS numeric), 0)`;
  return [
    `INSERT INTO ${TOTALS} SELECT c.project_id, c.state, ${shard}, sum(${change}), max(c.created_at)
      FROM ${from} WHERE true GROUP BY c.project_id, c.state ORDER BY 1, 2 ${TOTALS_MERGED}`,
    `INSERT INTO ${QUARTERS}
      SELECT c.created_at - c.created_at % ${QUARTER_MS}, c.state, coalesce(${inUsage(dialect, "c", "currency")}, ''), ${shard},
        sum(${change}), sum(${change} * ${tokens}), sum(${change} * ${price})
      FROM ${from} WHERE true GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 ${QUARTERS_MERGED}`,
  ];
};

const addDeliveries = (shard: string, from: string, change: string): string =>
  `INSERT INTO ${DELIVERIES} SELECT c.project_id, ${shard}, sum(${change}) FROM ${from}
    WHERE c.project_id IS NOT NULL GROUP BY c.project_id ORDER BY 1 ${DELIVERIES_MERGED}`;

const lines = (statements: readonly string[]): string => statements.map((text) => `${text};`).join("\n");

/** What is counted of a run. */
const COUNTED = ["project_id", "state", "created_at", "usage"] as const;

const columnsOf = (row: string): string =>
  COUNTED.map((column) => `${row}.${column} AS ${column}`).join(", ");

/** A trigger's tables of SQLite stand in its own schema and are named without it. */
const sqliteTriggers = (): string => {
  const own = (statements: readonly string[]): string => lines(statements).replaceAll("reviewflow.", "");
  const added = (row: string, change: string): readonly string[] =>
    addRuns("sqlite", SHARD.sqlite, `(SELECT ${columnsOf(row)}) AS c`, change);
  const delivered = (row: string, change: string): readonly string[] => [
    addDeliveries(SHARD.sqlite, `(SELECT ${row}.project_id AS project_id) AS c`, change),
  ];
  return `
  CREATE TRIGGER reviewflow.runs_counted AFTER INSERT ON runs BEGIN ${own(added("NEW", "1"))} END;
  CREATE TRIGGER reviewflow.runs_counted_off AFTER DELETE ON runs BEGIN ${own(added("OLD", "-1"))} END;
  CREATE TRIGGER reviewflow.runs_counted_again AFTER UPDATE OF state, usage ON runs
    WHEN OLD.state <> NEW.state OR OLD.usage <> NEW.usage
    BEGIN ${own([...added("OLD", "-1"), ...added("NEW", "1")])} END;
  CREATE TRIGGER reviewflow.deliveries_counted AFTER INSERT ON deliveries BEGIN ${own(delivered("NEW", "1"))} END;
  CREATE TRIGGER reviewflow.deliveries_counted_off AFTER DELETE ON deliveries
    BEGIN ${own(delivered("OLD", "-1"))} END;`;
};

/** Rows that come or go together are counted together: a sum that one transaction changes often grows slow. */
const postgresTriggers = (): string => {
  const shard = SHARD.postgres;
  const sign = "(CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END)";
  const functionOf = (name: string, statements: readonly string[]): string => `
  CREATE FUNCTION reviewflow.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN ${lines(statements)} RETURN NULL; END $$;`;
  const changed = `(SELECT ${columnsOf("OLD")}, -1 AS change UNION ALL SELECT ${columnsOf("NEW")}, 1) AS c`;
  const trigger = (table: string, operation: "INSERT" | "DELETE"): string => `
  CREATE TRIGGER ${table}_counted_${operation.toLowerCase()} AFTER ${operation} ON reviewflow.${table}
    REFERENCING ${operation === "INSERT" ? "NEW" : "OLD"} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reviewflow.count_${table}();`;
  return [
    functionOf("count_runs", addRuns("postgres", shard, "changed AS c", sign)),
    functionOf("count_run_again", addRuns("postgres", shard, changed, "c.change")),
    functionOf("count_deliveries", [addDeliveries(shard, "changed AS c", sign)]),
    trigger("runs", "INSERT"),
    trigger("runs", "DELETE"),
    trigger("deliveries", "INSERT"),
    trigger("deliveries", "DELETE"),
    `
  CREATE TRIGGER runs_counted_update AFTER UPDATE OF state, usage ON reviewflow.runs FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.usage <> NEW.usage)
    EXECUTE FUNCTION reviewflow.count_run_again();`,
  ].join("");
};

/** The migration that begins to count: counts what is there, and from then on what changes. */
export const countingScript = (dialect: Dialect): string =>
  [
    lines([
      ...addRuns(dialect, "0", "reviewflow.runs AS c", "1"),
      addDeliveries("0", "reviewflow.deliveries AS c", "1"),
    ]),
    dialect === "postgres" ? postgresTriggers() : sqliteTriggers(),
  ].join("\n");

/** How many rows are brought together in one statement. */
const FOLDED = 500;

type Folded = {
  readonly table: string;
  readonly key: readonly string[];
  readonly sums: readonly string[];
  readonly merged: string;
  readonly into: string;
  /** Whether a row says nothing. */
  readonly isEmpty: string;
};

const FOLDS: readonly Folded[] = [
  {
    table: "run_totals",
    key: ["project_id", "state"],
    sums: ["sum(runs)", "max(last_created_at)"],
    into: TOTALS,
    merged: TOTALS_MERGED,
    isEmpty: "runs = 0",
  },
  {
    table: "run_quarters",
    key: ["quarter", "state", "currency"],
    sums: ["sum(runs)", "sum(tokens)", "sum(price)"],
    into: QUARTERS,
    merged: QUARTERS_MERGED,
    // Prices are added and taken off as they are written, so that what is left of them may be the last digit.
    isEmpty: "runs = 0 AND tokens = 0 AND abs(price) < 0.000001",
  },
  {
    table: "delivery_totals",
    key: ["project_id"],
    sums: ["sum(deliveries)"],
    into: DELIVERIES,
    merged: DELIVERIES_MERGED,
    isEmpty: "deliveries = 0",
  },
];

/** Brings the sums of connections together, and deletes those that say nothing. Waits for nobody who counts. */
export const foldCounts = async ({ db, dialect }: Sql): Promise<void> => {
  for (const { table, key, sums, into, merged, isEmpty } of FOLDS) {
    const [from, columns] = [`reviewflow.${table}`, key.join(", ")];
    if (dialect === "postgres")
      await sql
        .raw(
          `WITH folded AS (SELECT ${columns}, shard FROM ${from} WHERE shard <> 0 LIMIT ${FOLDED} FOR UPDATE SKIP LOCKED),
            gone AS (DELETE FROM ${from} WHERE (${columns}, shard) IN (SELECT ${columns}, shard FROM folded) RETURNING *)
          INSERT INTO ${into} SELECT ${columns}, 0, ${sums.join(", ")} FROM gone
            GROUP BY ${columns} ORDER BY ${columns} ${merged}`,
        )
        .execute(db);
    await sql.raw(`DELETE FROM ${from} WHERE shard = 0 AND ${isEmpty}`).execute(db);
  }
};

/** How many runs of each state are stored. */
export const countRuns = async ({ db }: Database): Promise<Readonly<Record<RunState, number>>> => {
  const rows = await db
    .selectFrom("runTotals")
    .select((eb) => ["state", eb.fn.sum<number>("runs").as("runs")])
    .groupBy("state")
    .execute();
  const counts = {
    queued: 0,
    active: 0,
    retrying: 0,
    succeeded: 0,
    "partial-succeeded": 0,
    failed: 0,
    cancelled: 0,
    superseded: 0,
  };
  for (const { state, runs } of rows) counts[state] = runs;
  return counts;
};

/** The runs of each project by what became of them, as SQL. */
export const RUNS_OF_PROJECTS: RawBuilder<unknown> = sql.raw(`
  SELECT project_id, sum(runs) AS runs, max(last_created_at) AS last_run_at,
    coalesce(sum(runs) FILTER (WHERE state IN ('queued', 'active', 'retrying')), 0) AS waiting,
    coalesce(sum(runs) FILTER (WHERE state = 'failed'), 0) AS failed,
    coalesce(sum(runs) FILTER (WHERE state IN ('succeeded', 'partial-succeeded')), 0) AS reviewed
  FROM reviewflow.run_totals`);
