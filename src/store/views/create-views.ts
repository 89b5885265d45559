import { createHash } from "node:crypto";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import { RUNS_OF_PROJECTS } from "../counts.ts";
import { readKey } from "../journal-entry.ts";
import type { Database } from "../database.ts";
import { hasFindings } from "../migrations.ts";
import { DELIVERY_COLUMNS, RUN_COLUMNS, toDelivery, readReason, toRun } from "../run-rows.ts";
import { DECISIONS, RUN_STATES } from "../store.ts";
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

/** Rows of before the one with this id, where one is given. */
const isOlder = (table: "runs" | "deliveries", before: string | null | undefined): RawBuilder<unknown> =>
  isGiven(before) ? sql` AND ${isBefore(table, before)}` : sql``;

/** Rows with this value, where one is given. */
const isOf = (column: string, value: string | null | undefined): RawBuilder<unknown> =>
  isGiven(value) ? sql` AND ${sql.ref(column)} = ${plain(value)}` : sql``;

/**
 * The newest rows by their `seq`, or of each value of a column the newest: indexes over what narrows have that column
 * before the order.
 */
const newestOfEach = (
  table: "runs" | "deliveries",
  column: "state" | "decision",
  values: readonly string[] | null,
  narrowed: RawBuilder<unknown>,
  limit: number,
): RawBuilder<unknown> => {
  const newest = (isWanted: RawBuilder<unknown>) =>
    sql`SELECT seq FROM ${sql.raw(`reviewflow.${table}`)} WHERE ${isWanted}${narrowed} ORDER BY seq DESC LIMIT ${limit}`;
  if (values === null) return newest(sql`true`);
  const each = values.map(
    (value) => sql`SELECT seq FROM (${newest(sql`${sql.raw(column)} = ${value}`)}) AS of_one`,
  );
  return sql.join(each, sql` UNION ALL `);
};

/**
 * Whether no later run of the same flow over the same merge request has left findings; asked of each row in turn, since
 * PostgreSQL makes no join of what has an offset.
 */
const IS_NEWEST_WITH_FINDINGS = sql<SqlBool>`NOT EXISTS (
  SELECT 1 FROM reviewflow.runs newer WHERE newer.project_id = runs.project_id AND newer.iid = runs.iid
    AND newer.seq > runs.seq AND newer.flow = runs.flow AND ${sql.raw(hasFindings("newer"))} LIMIT 1 OFFSET 0)`;

const slice = <T>(rows: readonly T[], limit: number): Slice<T> => ({
  rows: rows.slice(0, limit),
  more: rows.length > limit,
});

/** The questions of pages, over the store's database. */
export const createViews = (database: Database): Views => {
  const { db } = database;
  return {
    listRuns: async ({ limit, before, projectPath, states, flow, deliveryId }) => {
      const narrowed = sql`${isOf("project_path", projectPath)}${isOf("flow", flow)}${isOf("delivery_id", deliveryId)}${isOlder("runs", before)}`;
      const wanted = states ?? (isGiven(projectPath) || isGiven(flow) ? RUN_STATES : null);
      const seqs = newestOfEach("runs", "state", wanted, narrowed, limit + 1);
      const rows = await db
        .selectFrom("runs")
        .select(LIGHT_RUN_COLUMNS)
        .select(sql<string>`'null'`.as("result"))
        .where(sql<SqlBool>`seq IN (${seqs})`)
        .orderBy("seq", "desc")
        .limit(limit + 1)
        .execute();
      return slice(rows.map(toRun), limit);
    },
    listDeliveries: async ({ limit, before, projectPath, decision }) => {
      const narrowed = sql`${isOf("project_path", projectPath)}${isOlder("deliveries", before)}`;
      const wanted = isGiven(decision) ? [decision] : isGiven(projectPath) ? DECISIONS : null;
      const seqs = newestOfEach("deliveries", "decision", wanted, narrowed, limit + 1);
      const rows = await db
        .selectFrom("deliveries")
        .select(DELIVERY_COLUMNS)
        .where(sql<SqlBool>`seq IN (${seqs})`)
        .orderBy("seq", "desc")
        .limit(limit + 1)
        .execute();
      return slice(rows.map(toDelivery), limit);
    },
    findDelivery: (reference) => findDelivery(database, plain(reference)),
    listFindingRuns: async ({ limit, before, projectPath }) => {
      let query = db
        .selectFrom("runs")
        .select(RUN_COLUMNS)
        .where(sql<SqlBool>`${sql.raw(hasFindings())}`)
        .where(IS_NEWEST_WITH_FINDINGS)
        .orderBy("seq", "desc")
        .limit(limit + 1);
      // Each has an index of its own; see the migrations.
      query = isGiven(projectPath)
        ? query.where("projectPath", "=", plain(projectPath))
        : query.where("iid", ">", -1);
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

const projectsQuery = (newestOf: RawBuilder<unknown>, ofProjects: RawBuilder<unknown>) => sql<ProjectRow>`
  WITH RECURSIVE ${newestOf}
  SELECT newest.project_id AS id, newest.project_path AS path,
    newest.id AS last_delivery_id, newest.decision AS last_decision, newest.reason_code AS last_reason_code,
    newest.reason_params AS last_reason_params,
    newest.received_at AS last_delivery_at,
    coalesce(worked.runs, 0) AS runs, coalesce(worked.waiting, 0) AS waiting,
    coalesce(worked.failed, 0) AS failed, coalesce(worked.reviewed, 0) AS reviewed, worked.last_run_at
  FROM newest_of
  JOIN reviewflow.deliveries newest ON newest.seq = newest_of.seq
  LEFT JOIN (${RUNS_OF_PROJECTS} ${ofProjects} GROUP BY project_id) AS worked
    ON worked.project_id = newest.project_id
  ORDER BY newest.seq DESC LIMIT 500`;

const findProject = async ({ db }: Database, id: number): Promise<ProjectFacts | null> => {
  const [{ rows }, count] = await Promise.all([
    projectsQuery(newestOfOne(id), sql`WHERE project_id = ${id}`).execute(db),
    db
      .selectFrom("deliveryTotals")
      .select((eb) => eb.fn.coalesce(eb.fn.sum<number>("deliveries"), eb.val(0)).as("deliveries"))
      .where("projectId", "=", id)
      .executeTakeFirstOrThrow(),
  ]);
  const [project] = rows;
  return project === undefined ? null : { ...toProject(project), ...count };
};

const createCounts = (
  database: Database,
): Pick<Views, "countBySpan" | "listProjects" | "findProject" | "pulse"> => ({
  countBySpan: async (starts) => {
    const [first] = starts;
    if (first === undefined) return [];
    // The last span that begins before; the numbers are ours.
    const cases = starts
      .map((start, index) => `WHEN quarter >= ${Math.trunc(start)} THEN ${index}`)
      .toReversed();
    const { rows } = await sql<SpanCount>`
      SELECT span, state, sum(runs) AS runs, sum(tokens) AS tokens, sum(price) AS price, currency FROM (
        SELECT CASE ${sql.raw(cases.join(" "))} END AS span, state, runs, tokens, price, currency
        FROM reviewflow.run_quarters WHERE quarter >= ${first}) AS recent
      GROUP BY span, state, currency HAVING sum(runs) > 0`.execute(database.db);
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
      .where(
        sql<SqlBool>`seq IN (${newestOfEach("runs", "state", ["queued", "active", "retrying"], sql``, 1_000)})`,
      )
      .orderBy("seq")
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
