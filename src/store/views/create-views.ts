import { createHash } from "node:crypto";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import { readKey } from "../journal-entry.ts";
import type { Database, Dialect } from "../database.ts";
import { startsWith } from "../dialect.ts";
import { DELIVERY_COLUMNS, RUN_COLUMNS, toDelivery, readReason, toRun } from "../run-rows.ts";
import type { Row } from "../tables.ts";
import { findDelivery } from "./find-delivery.ts";
import type { ProjectFacts, ProjectView, Slice, SpanCount, Views } from "./views.ts";

/** Longer values of steps stay in the database. */
const LONGEST_STEP = 65_536;

const LIGHT_RUN_COLUMNS = RUN_COLUMNS.filter((column) => column !== "result");

/** A row of before the one with this id; an id that is none narrows nothing. */
const isBefore = (table: "runs" | "deliveries", id: string): RawBuilder<SqlBool> => {
  const known = sql`(SELECT k.seq FROM ${sql.raw(`reviewflow.${table}`)} k WHERE k.id = ${id})`;
  return sql<SqlBool>`seq < coalesce(${known}, 9007199254740991)`;
};

/** Whether something narrows a list. */
const isGiven = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;

/** Text as it is compared with; nothing that is stored holds U+0000. */
const plain = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\uFFFD");

const slice = <T>(rows: readonly T[], limit: number): Slice<T> => ({
  rows: rows.slice(0, limit),
  more: rows.length > limit,
});

/** The questions of pages, over the store's database. */
export const createViews = (database: Database): Views => {
  const { db } = database;
  return {
    listRuns: async ({ limit, before, projectPath, states, flow, deliveryId }) => {
      let query = db
        .selectFrom("runs")
        .select(LIGHT_RUN_COLUMNS)
        .select(sql<string>`'null'`.as("result"))
        .orderBy("seq", "desc")
        .limit(limit + 1);
      if (isGiven(before)) query = query.where(isBefore("runs", before));
      if (isGiven(projectPath)) query = query.where("projectPath", "=", plain(projectPath));
      if (isGiven(states)) query = query.where("state", "in", states);
      if (isGiven(flow)) query = query.where("flow", "=", plain(flow));
      if (isGiven(deliveryId)) query = query.where("deliveryId", "=", plain(deliveryId));
      return slice((await query.execute()).map(toRun), limit);
    },
    listDeliveries: async ({ limit, before, projectPath, decision }) => {
      let query = db
        .selectFrom("deliveries")
        .select(DELIVERY_COLUMNS)
        .orderBy("seq", "desc")
        .limit(limit + 1);
      if (isGiven(before)) query = query.where(isBefore("deliveries", before));
      if (isGiven(projectPath)) query = query.where("projectPath", "=", plain(projectPath));
      if (isGiven(decision)) query = query.where("decision", "=", decision);
      return slice((await query.execute()).map(toDelivery), limit);
    },
    findDelivery: (reference) => findDelivery(database, plain(reference)),
    listFindingRuns: async ({ limit, before, projectPath }) => {
      let newest = db
        .selectFrom("runs")
        .select("id")
        .select(
          sql<number>`row_number() OVER (PARTITION BY project_id, iid, flow ORDER BY seq DESC)`.as("place"),
        )
        .where("state", "in", ["succeeded", "partial-succeeded"])
        .where(startsWith("result", '{"kind":"findings"'));
      if (isGiven(projectPath)) newest = newest.where("projectPath", "=", plain(projectPath));
      let query = db
        .selectFrom("runs")
        .select(RUN_COLUMNS)
        .where("id", "in", (eb) =>
          eb.selectFrom(newest.as("newest")).select("newest.id").where("place", "=", 1),
        )
        .orderBy("seq", "desc")
        .limit(limit + 1);
      if (isGiven(before)) query = query.where(isBefore("runs", before));
      return slice((await query.execute()).map(toRun), limit);
    },
    ...createCounts(database),
    listSteps: async (runId, limit) => {
      const rows = await db
        .selectFrom("steps")
        .select((eb) => [
          "key",
          eb.fn<number>("length", ["value"]).as("length"),
          sql<string | null>`CASE WHEN length(value) <= ${sql.lit(LONGEST_STEP)} THEN value END`.as("value"),
        ])
        .where("runId", "=", runId)
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map((row) => ({ ...row, key: readKey(row.key) }));
    },
  };
};

type ProjectRow = {
  readonly id: number;
  readonly path: string | null;
  readonly lastDeliveryId: string;
  readonly lastDecision: Row<"deliveries">["decision"];
  readonly lastReasonCode: string;
  readonly lastReasonParams: string;
  readonly lastDeliveryAt: number;
  readonly runs: number;
  readonly waiting: number;
  readonly failed: number;
  readonly reviewed: number;
  readonly lastRunAt: number | null;
};

const toProject = ({ id, path, runs, waiting, failed, reviewed, ...row }: ProjectRow): ProjectView => ({
  id,
  path: path ?? "",
  lastDelivery: {
    id: row.lastDeliveryId,
    decision: row.lastDecision,
    reason: readReason(row.lastReasonCode, row.lastReasonParams),
    atMs: row.lastDeliveryAt,
  },
  runs,
  waiting,
  failed,
  reviewed,
  lastRunAtMs: row.lastRunAt,
});

/** From project to project in the index, without looking at what lies between. */
const NEWEST_OF_EACH = sql`
  known (project_id) AS (
    SELECT max(project_id) FROM reviewflow.deliveries
    UNION ALL
    SELECT (SELECT max(d.project_id) FROM reviewflow.deliveries d WHERE d.project_id < known.project_id)
      FROM known WHERE known.project_id IS NOT NULL),
  newest_of AS (
    SELECT known.project_id,
      (SELECT max(d.seq) FROM reviewflow.deliveries d WHERE d.project_id = known.project_id) AS seq
    FROM known WHERE known.project_id IS NOT NULL)`;

const newestOfOne = (id: number) => sql`
  newest_of AS (
    SELECT ${id} AS project_id, (SELECT max(d.seq) FROM reviewflow.deliveries d WHERE d.project_id = ${id}) AS seq)`;

const projectsQuery = (newestOf: RawBuilder<unknown>, runs: RawBuilder<unknown>) => sql<ProjectRow>`
  WITH RECURSIVE ${newestOf}
  SELECT newest.project_id AS id, newest.project_path AS path,
    newest.id AS last_delivery_id, newest.decision AS last_decision, newest.reason_code AS last_reason_code,
    newest.reason_params AS last_reason_params,
    newest.received_at AS last_delivery_at,
    coalesce(worked.runs, 0) AS runs, coalesce(worked.waiting, 0) AS waiting,
    coalesce(worked.failed, 0) AS failed, coalesce(worked.reviewed, 0) AS reviewed, worked.last_run_at
  FROM newest_of
  JOIN reviewflow.deliveries newest ON newest.seq = newest_of.seq
  LEFT JOIN (
    SELECT project_id, count(*) AS runs, max(created_at) AS last_run_at,
      count(*) FILTER (WHERE state IN ('queued', 'active', 'retrying')) AS waiting,
      count(*) FILTER (WHERE state = 'failed') AS failed,
      count(*) FILTER (WHERE state IN ('succeeded', 'partial-succeeded')) AS reviewed
    FROM reviewflow.runs ${runs} GROUP BY project_id) AS worked
    ON worked.project_id = newest.project_id
  ORDER BY newest.seq DESC LIMIT 500`;

const findProject = async ({ db }: Database, id: number): Promise<ProjectFacts | null> => {
  const [{ rows }, count] = await Promise.all([
    projectsQuery(newestOfOne(id), sql`WHERE project_id = ${id}`).execute(db),
    db
      .selectFrom("deliveries")
      .select((eb) => eb.fn.countAll<number>().as("deliveries"))
      .where("projectId", "=", id)
      .executeTakeFirstOrThrow(),
  ]);
  const [project] = rows;
  return project === undefined ? null : { ...toProject(project), ...count };
};

/** A value of the JSON text in `usage`; null for text that the database's reader of JSON refuses. */
const ofUsage: Readonly<Record<Dialect, (name: string) => RawBuilder<string | null>>> = {
  // PostgreSQL refuses U+0000.
  postgres: (name) =>
    sql`(CASE WHEN position(${String.raw`\u0000`} in usage) = 0 THEN usage ELSE '{}' END::json ->> ${name}::text)`,
  sqlite: (name) => sql`(usage ->> ${`$.${name}`})`,
};

const createCounts = (
  database: Database,
): Pick<Views, "countBySpan" | "listProjects" | "findProject" | "pulse"> => ({
  countBySpan: async (starts) => {
    const [first] = starts;
    if (first === undefined) return [];
    const usage = ofUsage[database.dialect];
    // The last span that begins before; the numbers are ours.
    const cases = starts
      .map((start, index) => `WHEN created_at >= ${Math.trunc(start)} THEN ${index}`)
      .toReversed();
    const { rows } = await sql<SpanCount>`
      SELECT span, state, count(*) AS runs, sum(tokens) AS tokens, sum(price) AS price, currency FROM (
        SELECT CASE ${sql.raw(cases.join(" "))} END AS span, state,
          coalesce(CAST(${usage("totalTokens")} AS numeric), 0) AS tokens,
          coalesce(CAST(${usage("totalPrice")} AS numeric), 0) AS price,
          coalesce(${usage("currency")}, '') AS currency
        FROM reviewflow.runs WHERE created_at >= ${first}) AS recent
      GROUP BY span, state, currency`.execute(database.db);
    return rows;
  },
  listProjects: async () => {
    const { rows } = await projectsQuery(NEWEST_OF_EACH, sql``).execute(database.db);
    return rows.map(toProject);
  },
  findProject: (id) => findProject(database, id),
  pulse: async () => {
    const { db } = database;
    const moving = await db
      .selectFrom("runs")
      .select(["id", "state", "attempts"])
      .where("state", "in", ["queued", "active", "retrying"])
      .orderBy("seq")
      .limit(1_000)
      .execute();
    const active = moving.filter(({ state }) => state === "active").map(({ id }) => id);
    const { rows } = await sql<{ deliveries: number | null; runs: number | null }>`
      SELECT (SELECT max(seq) FROM reviewflow.deliveries) AS deliveries,
        (SELECT max(seq) FROM reviewflow.runs) AS runs`.execute(db);
    const steps =
      active.length === 0
        ? undefined
        : await db
            .selectFrom("steps")
            .select((eb) => eb.fn.countAll<number>().as("count"))
            .where("runId", "in", active)
            .executeTakeFirst();
    return createHash("sha256")
      .update(JSON.stringify([rows, moving, steps?.count ?? 0]))
      .digest("hex");
  },
});
