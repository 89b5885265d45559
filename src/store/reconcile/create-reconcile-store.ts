import { randomUUID } from "node:crypto";
import { sql, type SqlBool } from "kysely";
import { Json, parseJson } from "../../base/json.ts";
import { ENDED_CODES } from "../../review/decide.ts";
import type { Sql } from "../database.ts";
import { NOW } from "../dialect.ts";
import { RELEASED, heldBy, isLeaseOver } from "../lease.ts";
import { mergeRequestKey } from "../merge-request-key.ts";
import { readMergeRequests } from "../merge-request-states.ts";
import { SUPERSEDED, historyOf } from "../plan-accept.ts";
import type { AskedHead, ReconcileStore, Standing, TaskLease } from "./reconcile-store.ts";

/** What is asked of the database to find out what was missed. */
export const createReconcileStore = (database: Sql): ReconcileStore => ({
  acquire: (name, times) => acquire(database, name, times),
  readStandings: (heads) => readStandings(database, heads),
  readLastRuns: (heads, trigger) => readLastRuns(database, heads, trigger),
  listProjects: () => listProjects(database),
});

const acquire = async (
  database: Sql,
  name: string,
  { leaseMs, pauseMs }: Parameters<ReconcileStore["acquire"]>[1],
): ReturnType<ReconcileStore["acquire"]> => {
  const { db, dialect } = database;
  const claimId = randomUUID();
  const held = heldBy(database, claimId, leaseMs);
  const now = sql<number>`${sql.raw(NOW[dialect])}`;
  const acquired = await db
    .insertInto("tasks")
    .values({ name, ...held })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet(held)
        .where(isLeaseOver(database, "tasks.heldUntil"))
        .where("tasks.endedAt", "<=", sql<number>`${now} - CAST(${Math.ceil(pauseMs)} AS bigint)`),
    )
    .returning("state")
    .executeTakeFirst();
  if (acquired !== undefined)
    return { kind: "acquired", lease: toLease(database, name, claimId, leaseMs, acquired.state) };
  const busy = await db
    .selectFrom("tasks")
    .select("name")
    .where("name", "=", name)
    .where((eb) => eb.not(isLeaseOver(database)))
    .executeTakeFirst();
  return { kind: busy === undefined ? "early" : "busy" };
};

const toLease = (database: Sql, name: string, claimId: string, leaseMs: number, state: string): TaskLease => {
  const ours = database.db.updateTable("tasks").where("name", "=", name).where("claimId", "=", claimId);
  return {
    state: Json.parse(parseJson(state) ?? null),
    renew: async (next) => {
      const { numUpdatedRows } = await ours
        .set({ state: JSON.stringify(next), ...heldBy(database, claimId, leaseMs) })
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    release: async () => {
      await ours.set({ ...RELEASED, endedAt: sql<number>`${sql.raw(NOW[database.dialect])}` }).execute();
    },
  };
};

/** Heads of one question; each is three parameters. */
const AT_ONCE = 500;

/** Asks about heads in parts of a size that every database takes. */
const inParts = async <Found>(
  heads: readonly AskedHead[],
  ask: (isAsked: ReturnType<typeof isOneOf>) => Promise<readonly Found[]>,
): Promise<readonly Found[]> => {
  const found: Found[] = [];
  for (let start = 0; start < heads.length; start += AT_ONCE)
    found.push(...(await ask(isOneOf(heads.slice(start, start + AT_ONCE)))));
  return found;
};

const isOneOf = (heads: readonly AskedHead[]) =>
  sql<SqlBool>`(${sql.join(
    heads.map(
      ({ projectId, iid, headSha }) =>
        sql`(project_id = ${projectId} AND iid = ${iid} AND head_sha = ${headSha})`,
    ),
    sql` OR `,
  )})`;

const keyOf = ({
  projectId,
  iid,
  headSha,
}: {
  projectId: number;
  iid: number;
  headSha: string | null;
}): string => `${mergeRequestKey({ projectId, iid })}@${headSha ?? ""}`;

const readLastRuns = async (
  { db }: Sql,
  heads: readonly AskedHead[],
  trigger: string,
): Promise<readonly (number | null)[]> => {
  const rows = await inParts(heads, (isAsked) =>
    db
      .selectFrom("runs")
      .select((eb) => ["projectId", "iid", "headSha", eb.fn.max("createdAt").as("last")])
      .where(isAsked)
      .where("kind", "=", "review")
      .where("trigger", "=", trigger)
      .groupBy(["projectId", "iid", "headSha"])
      .execute(),
  );
  const found = new Map(rows.map((row) => [keyOf(row), row.last]));
  return heads.map((head) => found.get(keyOf(head)) ?? null);
};

/** Codes of a cancellation that a reopening undoes, or that lost their ground. */
const UNDONE: ReadonlySet<string | null> = new Set<string>([...ENDED_CODES, SUPERSEDED.code]);

const readStandings = async (database: Sql, heads: readonly AskedHead[]): Promise<readonly Standing[]> => {
  if (heads.length === 0) return [];
  const states = await readMergeRequests(database, [...new Set(heads.map(mergeRequestKey))]);
  const rows = await inParts(heads, (isAsked) =>
    database.db
      .selectFrom("runs")
      .select(["id", "projectId", "iid", "headSha", "state", "reasonCode", "transient"])
      .where(isAsked)
      .where("kind", "=", "review")
      .where("state", "in", ["failed", "cancelled", "superseded"])
      .orderBy("seq", "desc")
      .execute(),
  );
  const unreviewed = Map.groupBy(rows, keyOf);
  return heads.map((head) => ({
    history: historyOf(states.get(mergeRequestKey(head))),
    unreviewed: (unreviewed.get(keyOf(head)) ?? []).flatMap(({ id, state, reasonCode, transient }) =>
      state === "failed" || state === "cancelled" || state === "superseded"
        ? [
            {
              runId: id,
              state,
              final:
                transient === 0 &&
                state !== "superseded" &&
                !(state === "cancelled" && UNDONE.has(reasonCode)),
            },
          ]
        : [],
    ),
  }));
};

/**
 * Goes from project to project by the index, whatever the number of deliveries; the path is the one that the newest
 * merge request's last delivery named.
 */
const listProjects = async ({
  db,
}: Sql): Promise<readonly { readonly id: number; readonly path: string }[]> => {
  const { rows } = await sql<{ id: number; path: string | null }>`
    WITH RECURSIVE known (id) AS (
      SELECT min(project_id) FROM reviewflow.deliveries WHERE iid IS NOT NULL
      UNION ALL
      SELECT (SELECT min(d.project_id) FROM reviewflow.deliveries d WHERE d.project_id > known.id)
        FROM known WHERE known.id IS NOT NULL)
    SELECT known.id, (
      SELECT d.project_path FROM reviewflow.deliveries d
        WHERE d.project_id = known.id AND d.iid IS NOT NULL ORDER BY d.iid DESC, d.seq DESC LIMIT 1) AS path
    FROM known WHERE known.id IS NOT NULL`.execute(db);
  return rows.flatMap(({ id, path }) => (path === null ? [] : [{ id, path }]));
};
