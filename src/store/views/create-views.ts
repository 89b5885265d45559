import { z } from "zod";
import { readKey } from "../journal-entry.ts";
import type { Database } from "../database.ts";
import {
  Decision,
  DELIVERY_COLUMNS,
  DeliveryRow,
  RUN_COLUMNS,
  RunRow,
  RunState,
  Whole,
  isUuid,
} from "../schema.ts";
import { findDelivery } from "./find-delivery.ts";
import type { ProjectFacts, Slice, Views } from "./views.ts";

const SpanRow = z
  .object({
    span: z.number(),
    state: RunState,
    runs: Whole,
    tokens: z.coerce.number(),
    price: z.coerce.number(),
    currency: z.string(),
  })
  .transform((row) => ({ ...row, span: row.span - 1 }));

const ProjectRow = z
  .object({
    id: Whole,
    path: z.string().nullable(),
    last_delivery_id: z.string(),
    last_decision: Decision,
    last_reason: z.string(),
    last_delivery_at: Whole,
    runs: Whole,
    waiting: Whole,
    failed: Whole,
    reviewed: Whole,
    last_run_at: Whole.nullable(),
  })
  .transform((row) => ({
    id: row.id,
    path: row.path ?? "",
    lastDelivery: {
      id: row.last_delivery_id,
      decision: row.last_decision,
      reason: row.last_reason,
      atMs: row.last_delivery_at,
    },
    runs: row.runs,
    waiting: row.waiting,
    failed: row.failed,
    reviewed: row.reviewed,
    lastRunAtMs: row.last_run_at,
  }));

const StepRow = z
  .object({ key: z.string(), value: z.string().nullable(), length: z.number() })
  .transform((row) => ({ ...row, key: readKey(row.key) }));

const Pulse = z.object({ pulse: z.string() });

/** Longer values of steps stay in the database. */
const LONGEST_STEP = 65_536;

const LIGHT_RUN_COLUMNS = RUN_COLUMNS.replace(/\bresult\b/, "'null' AS result");

/** Usage is JSON text that may hold U+0000, which PostgreSQL's readers of JSON refuse. */
const PLAIN_USAGE = String.raw`CASE WHEN position('\u0000' in usage) = 0 THEN usage ELSE '{}' END`;

const uuidOrNull = (id: string | null | undefined): string | null =>
  id !== undefined && id !== null && isUuid(id) ? id : null;

/** Text that PostgreSQL can compare with; nothing that is stored holds U+0000. */
const textOrNull = (text: string | null | undefined): string | null =>
  text?.toWellFormed().replaceAll("\u0000", "\uFFFD") ?? null;

const slice = <T>(rows: readonly T[], limit: number): Slice<T> => ({
  rows: rows.slice(0, limit),
  more: rows.length > limit,
});

/** The questions of pages, over the store's database. An id that is none narrows nothing. */
export const createViews = (database: Database): Views => ({
  listRuns: async ({ limit, before, projectPath, states, flow, deliveryId }) => {
    const rows = await database.query(
      `SELECT ${LIGHT_RUN_COLUMNS} FROM reviewflow.runs
       WHERE ($2::uuid IS NULL OR seq < (SELECT seq FROM reviewflow.runs WHERE id = $2))
         AND ($3::text IS NULL OR project_path = $3)
         AND ($4::text IS NULL OR state = ANY (string_to_array($4, ',')))
         AND ($5::text IS NULL OR flow = $5)
         AND ($6::uuid IS NULL OR delivery_id = $6)
       ORDER BY seq DESC LIMIT $1`,
      [
        limit + 1,
        uuidOrNull(before),
        textOrNull(projectPath),
        states?.join(",") ?? null,
        textOrNull(flow),
        uuidOrNull(deliveryId),
      ],
    );
    return slice(z.array(RunRow).parse(rows), limit);
  },
  listDeliveries: async ({ limit, before, projectPath, decision }) => {
    const rows = await database.query(
      `SELECT ${DELIVERY_COLUMNS} FROM reviewflow.deliveries
       WHERE ($2::uuid IS NULL OR seq < (SELECT seq FROM reviewflow.deliveries WHERE id = $2))
         AND ($3::text IS NULL OR project_path = $3)
         AND ($4::text IS NULL OR decision = $4)
       ORDER BY seq DESC LIMIT $1`,
      [limit + 1, uuidOrNull(before), textOrNull(projectPath), decision ?? null],
    );
    return slice(z.array(DeliveryRow).parse(rows), limit);
  },
  findDelivery: (reference) => findDelivery(database, reference),
  listFindingRuns: async ({ limit, before, projectPath }) => {
    const rows = await database.query(
      `WITH newest AS (
         SELECT DISTINCT ON (project_id, iid, flow) id, seq FROM reviewflow.runs
         WHERE state IN ('succeeded', 'partial-succeeded') AND starts_with(result, '{"kind":"findings"')
           AND ($3::text IS NULL OR project_path = $3)
         ORDER BY project_id, iid, flow, seq DESC)
       SELECT ${RUN_COLUMNS} FROM reviewflow.runs WHERE id IN (
         SELECT id FROM newest
         WHERE $2::uuid IS NULL OR seq < (SELECT seq FROM reviewflow.runs WHERE id = $2)
         ORDER BY seq DESC LIMIT $1)
       ORDER BY seq DESC`,
      [limit + 1, uuidOrNull(before), textOrNull(projectPath)],
    );
    return slice(z.array(RunRow).parse(rows), limit);
  },
  ...createCounts(database),
  listSteps: async (runId, limit) => {
    if (!isUuid(runId)) return [];
    const rows = await database.query(
      `SELECT key, length(value) AS length, CASE WHEN length(value) <= ${LONGEST_STEP} THEN value END AS value
       FROM reviewflow.steps WHERE run_id = $1 ORDER BY seq LIMIT $2`,
      [runId, limit],
    );
    return z.array(StepRow).parse(rows);
  },
});

/** From project to project in the index, without looking at what lies between. */
const NEWEST_OF_EACH = `(
    SELECT project_id, seq FROM reviewflow.deliveries
    WHERE project_id IS NOT NULL ORDER BY project_id DESC, seq DESC LIMIT 1)
  UNION ALL
  SELECT following.project_id, following.seq FROM newest_of, LATERAL (
    SELECT project_id, seq FROM reviewflow.deliveries
    WHERE project_id < newest_of.project_id ORDER BY project_id DESC, seq DESC LIMIT 1) AS following`;

const NEWEST_OF_ONE =
  "SELECT project_id, seq FROM reviewflow.deliveries WHERE project_id = $1 ORDER BY seq DESC LIMIT 1";

const projectsQuery = (newestOf: string, runs: string): string =>
  `WITH RECURSIVE newest_of AS (${newestOf})
   SELECT newest.project_id AS id, newest.project_path AS path,
     newest.id AS last_delivery_id, newest.decision AS last_decision, newest.reason AS last_reason,
     newest.received_at AS last_delivery_at,
     coalesce(worked.runs, 0) AS runs, coalesce(worked.waiting, 0) AS waiting,
     coalesce(worked.failed, 0) AS failed, coalesce(worked.reviewed, 0) AS reviewed, worked.last_run_at
   FROM newest_of
   JOIN reviewflow.deliveries newest ON newest.project_id = newest_of.project_id AND newest.seq = newest_of.seq
   LEFT JOIN (
     SELECT project_id, count(*) AS runs, max(created_at) AS last_run_at,
       count(*) FILTER (WHERE state IN ('queued', 'active', 'retrying')) AS waiting,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state IN ('succeeded', 'partial-succeeded')) AS reviewed
     FROM reviewflow.runs ${runs} GROUP BY project_id) AS worked
     ON worked.project_id = newest.project_id
   ORDER BY newest.seq DESC LIMIT 500`;

const findProject = async (database: Database, id: number): Promise<ProjectFacts | null> => {
  const [rows, counts] = await Promise.all([
    database.query(projectsQuery(NEWEST_OF_ONE, "WHERE project_id = $1"), [id]),
    database.query("SELECT count(*) AS deliveries FROM reviewflow.deliveries WHERE project_id = $1", [id]),
  ]);
  const [project] = z.array(ProjectRow).parse(rows);
  const [count] = z.array(z.object({ deliveries: Whole })).parse(counts);
  return project === undefined || count === undefined ? null : { ...project, ...count };
};

const createCounts = (
  database: Database,
): Pick<Views, "countBySpan" | "listProjects" | "findProject" | "pulse"> => ({
  countBySpan: async (starts) => {
    const rows = await database.query(
      `SELECT width_bucket(created_at, $1::text::bigint[]) AS span, state, count(*) AS runs,
         coalesce(sum((usage::json ->> 'totalTokens')::numeric), 0) AS tokens,
         coalesce(sum((usage::json ->> 'totalPrice')::numeric), 0) AS price,
         coalesce(usage::json ->> 'currency', '') AS currency
       FROM (SELECT created_at, state, ${PLAIN_USAGE} AS usage FROM reviewflow.runs WHERE created_at >= $2) AS recent
       GROUP BY 1, 2, 6`,
      [`{${starts.join(",")}}`, starts[0] ?? 0],
    );
    return z.array(SpanRow).parse(rows);
  },
  listProjects: async () =>
    z.array(ProjectRow).parse(await database.query(projectsQuery(NEWEST_OF_EACH, ""))),
  findProject: (id) => findProject(database, id),
  pulse: async () => {
    const rows = await database.query(
      `WITH moving AS (
         SELECT id, state, attempts FROM reviewflow.runs
         WHERE state IN ('queued', 'active', 'retrying') ORDER BY seq LIMIT 1000)
       SELECT concat_ws('/',
         (SELECT max(seq) FROM reviewflow.deliveries), (SELECT max(seq) FROM reviewflow.runs),
         (SELECT md5(string_agg(concat_ws(' ', id, state, attempts), ',' ORDER BY id)) FROM moving),
         (SELECT count(*) FROM reviewflow.steps
          WHERE run_id IN (SELECT id FROM moving WHERE state = 'active'))) AS pulse`,
    );
    return z.array(Pulse).parse(rows)[0]?.pulse ?? "";
  },
});
