import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { sql } from "kysely";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { foldCounts } from "../../src/store/counts.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openPostgres } from "../../src/store/postgres/open-postgres.ts";
import { openSqlite } from "../../src/store/sqlite/open-sqlite.ts";
import { fc } from "../properties.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";

const STATES = ["queued", "active", "succeeded", "failed"] as const;
/** 0.25 is a sum of binary digits: sums are equal, in whatever order they were made. */
const usageOf = (tokens: number, currency: string): string =>
  JSON.stringify({ totalTokens: tokens, totalPrice: tokens * 0.25, currency });

type Step =
  | { readonly do: "insert"; readonly runs: readonly { project: number; state: string; hours: number }[] }
  | { readonly do: "change"; readonly nth: number; readonly state: string }
  | { readonly do: "spend"; readonly nth: number; readonly tokens: number; readonly currency: string }
  | { readonly do: "delete"; readonly nth: number }
  | { readonly do: "deliver"; readonly project: number | null }
  | { readonly do: "forget"; readonly project: number }
  | { readonly do: "fold" };

const project = fc.integer({ min: 1, max: 3 });
const state = fc.constantFrom(...STATES);
const nth = fc.nat(30);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("insert" as const),
      runs: fc.array(fc.record({ project, state, hours: fc.nat(3) }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("change" as const), nth, state }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("spend" as const),
      nth,
      tokens: fc.nat(9),
      currency: fc.constantFrom("USD", "", "EUR"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), nth }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("deliver" as const), project: fc.option(project) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), project }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fold" as const) }) },
);

let made = 0;

const carryOut = async (database: Database, step: Step): Promise<void> => {
  const { db } = database;
  const nthRun = (place: number) =>
    sql`id = (SELECT id FROM reviewflow.runs ORDER BY seq LIMIT 1 OFFSET ${place})`;
  switch (step.do) {
    case "insert":
      await db
        .insertInto("runs")
        .values(
          step.runs.map((run) => ({
            id: `run-${(made += 1)}`,
            kind: "reply" as const,
            deliveryId: "delivery",
            projectId: run.project,
            projectPath: `team/${run.project}`,
            iid: made,
            flow: "review",
            trigger: "opened",
            state: STATES.find((one) => one === run.state) ?? "queued",
            createdAt: run.hours * 3_600_000 + made,
            event: "{}",
            usage: usageOf(0, "USD"),
          })),
        )
        .execute();
      return;
    case "change":
      await sql`UPDATE reviewflow.runs SET state = ${step.state} WHERE ${nthRun(step.nth)}`.execute(db);
      return;
    case "spend":
      await sql`UPDATE reviewflow.runs SET usage = ${usageOf(step.tokens, step.currency)}, state = state
        WHERE ${nthRun(step.nth)}`.execute(db);
      return;
    case "delete":
      await sql`DELETE FROM reviewflow.runs WHERE ${nthRun(step.nth)}`.execute(db);
      return;
    case "deliver":
      await db
        .insertInto("deliveries")
        .values({
          id: `delivery-${(made += 1)}`,
          key: String(made),
          keyHash: String(made),
          eventName: "Note Hook",
          receivedAt: made,
          projectId: step.project,
          headers: "{}",
          decision: "ignore",
          reasonCode: "draft",
          reasonParams: "{}",
        })
        .execute();
      return;
    case "forget":
      await db
        .deleteFrom("deliveries")
        .where("projectId", "=", step.project)
        .where("id", "<>", "delivery")
        .execute();
      return;
    case "fold":
      await foldCounts(database);
      return;
    default:
      return step satisfies never;
  }
};

/** What is counted, and what it would be if everything were counted again now. */
const counts = async ({ db }: Database) => {
  const read = async (text: string) => (await sql.raw(text).execute(db)).rows;
  const stored = await Promise.all([
    read(`SELECT project_id, state, sum(runs) AS runs FROM reviewflow.run_totals
      GROUP BY 1, 2 HAVING sum(runs) <> 0 ORDER BY 1, 2`),
    read(`SELECT quarter, state, sum(runs) AS runs, sum(tokens) AS tokens, sum(price) AS price
      FROM reviewflow.run_quarters GROUP BY 1, 2 HAVING sum(runs) <> 0 OR sum(tokens) <> 0 ORDER BY 1, 2`),
    read(`SELECT project_id, sum(deliveries) AS deliveries FROM reviewflow.delivery_totals
      GROUP BY 1 HAVING sum(deliveries) <> 0 ORDER BY 1`),
  ]);
  const runs = await db.selectFrom("runs").select(["projectId", "state", "createdAt", "usage"]).execute();
  const deliveries = await db
    .selectFrom("deliveries")
    .select("projectId")
    .where("projectId", "is not", null)
    .execute();
  const byKey = <T>(rows: readonly T[], keyOf: (row: T) => string) =>
    [...Map.groupBy(rows, keyOf)].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, all]) => all);
  const spent = (all: typeof runs, name: string): number =>
    all.reduce((sum, { usage }) => {
      const read: unknown = JSON.parse(usage);
      const value: unknown = typeof read === "object" && read !== null ? Reflect.get(read, name) : 0;
      return sum + (typeof value === "number" ? value : 0);
    }, 0);
  const again = [
    byKey(runs, ({ projectId, state: is }) => `${projectId} ${is}`).map((all) => ({
      projectId: all[0]?.projectId,
      state: all[0]?.state,
      runs: all.length,
    })),
    byKey(
      runs,
      ({ createdAt, state: is }) => `${String(createdAt - (createdAt % 900_000)).padStart(12)} ${is}`,
    ).map((all) => ({
      quarter: (all[0]?.createdAt ?? 0) - ((all[0]?.createdAt ?? 0) % 900_000),
      state: all[0]?.state,
      runs: all.length,
      tokens: spent(all, "totalTokens"),
      price: spent(all, "totalPrice"),
    })),
    byKey(deliveries, ({ projectId }) => String(projectId)).map((all) => ({
      projectId: all[0]?.projectId,
      deliveries: all.length,
    })),
  ];
  return { stored, again };
};

const contract = (name: string, open: () => Promise<readonly Database[]>): void => {
  describe(`what ${name} counts by itself`, () => {
    test("is what is there, whatever comes, changes and goes, and whoever does it at once", async () => {
      const instances = await open();
      const [first] = instances;
      assert.ok(first !== undefined);
      await first.db
        .insertInto("deliveries")
        .values({
          id: "delivery",
          key: "d",
          keyHash: "d",
          eventName: "Note Hook",
          receivedAt: 0,
          projectId: 9,
          headers: "{}",
          decision: "ignore",
          reasonCode: "draft",
          reasonParams: "{}",
        })
        .execute();
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 40 }), async (steps) => {
            await Promise.all(
              instances.map(async (instance, place) => {
                for (const step of steps.filter((_, index) => index % instances.length === place))
                  await carryOut(instance, step);
              }),
            );
            const { stored, again } = await counts(first);
            assert.deepEqual(stored, again);
          }),
          { numRuns: 25 },
        );
        await first.db.deleteFrom("runs").execute();
        await first.db.deleteFrom("deliveries").execute();
        // Twice: what is brought together may come to nothing.
        await foldCounts(first);
        await foldCounts(first);
        for (const table of ["runTotals", "runQuarters", "deliveryTotals"] as const)
          assert.deepEqual(await first.db.selectFrom(table).selectAll().execute(), [], table);
      } finally {
        for (const instance of instances) await instance.close();
      }
    });
  });
};

contract("SQLite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-counts-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const database = await openSqlite(folder);
  await migrate(database);
  return [database];
});

const server = await startPostgres();
if (server === null) test("what PostgreSQL counts by itself", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  contract("PostgreSQL", async () => {
    const databaseUrl = new Secret(await server.createDatabase());
    const instances = await Promise.all(
      [1, 2, 3].map(() => openPostgres({ databaseUrl, maxConnections: 2, logger: silentLogger })),
    );
    const [first] = instances;
    if (first !== undefined) await migrate(first);
    return instances;
  });
}
