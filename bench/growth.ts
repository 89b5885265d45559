import { rm } from "node:fs/promises";
import { mkdtempSync, statSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Secret } from "../src/base/secret.ts";
import { claimRuns } from "../src/store/claim-runs.ts";
import type { Database } from "../src/store/database.ts";
import { openStore } from "../src/store/open-store.ts";
import { openPostgres } from "../src/store/postgres/open-postgres.ts";
import { openSqlite } from "../src/store/sqlite/open-sqlite.ts";
import { openBrowser, setUpDashboard } from "../test/http/dashboard/dashboard-setup.ts";
import { deliver, reviewed, settleNext } from "../test/http/dashboard/filled-store.ts";
import { startPostgres } from "../test/store/postgres-server.ts";

/**
 * What grows with the number of deliveries: each page of the dashboard, the metrics' counts and a claim, on both
 * databases, with a thousand deliveries and with as many as the first argument says (a million when left out). Rows are
 * copies of what the product wrote for one delivery and one review, spread over 90 days, 50 projects and merge requests
 * of ten deliveries each. Prints medians in milliseconds, and the ratio of the large store to the small one.
 */

const SMALL = 1_000;
const LARGE = Number(process.argv[2] ?? 1_000_000);
const PROJECTS = 50;
const ROUNDS = 15;
const QUEUED = [20, 20_000] as const;
const DAY_MS = 86_400_000;

type Place = { readonly dataDir: string } | { readonly databaseUrl: Secret };

const openDatabase = (place: Place): Promise<Database> =>
  "dataDir" in place
    ? openSqlite(place.dataDir)
    : openPostgres({ ...place, maxConnections: 2, logger: silentLogger });

/** The numbers from 1 to `count` as a table `n (i)`. */
const numbers = (database: Database, count: number): string =>
  database.dialect === "postgres"
    ? `generate_series(1::bigint, ${count}) AS n(i)`
    : `(WITH RECURSIVE m(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM m WHERE i < ${count}) SELECT i FROM m) AS n`;

/** Copies what one delivery and one run left behind. */
const fill = async (database: Database, count: number): Promise<void> => {
  const begin = Date.now() - 90 * DAY_MS;
  const at = `${begin} + CAST(n.i * ${(90 * DAY_MS) / count} AS ${database.dialect === "postgres" ? "bigint" : "integer"})`;
  const number = (offset: number): string =>
    database.dialect === "postgres"
      ? `lpad((n.i + ${offset})::text, 12, '0')`
      : `printf('%012d', n.i + ${offset})`;
  // A quarter of everything is one large project.
  const project = `CASE WHEN n.i % 4 = 0 THEN 1 ELSE 2 + n.i % ${PROJECTS - 1} END`;
  const path = `'team/project-' || (${project})`;
  const iid = `1 + n.i / ${PROJECTS * 10}`;
  const STEP = 50_000;
  for (let from = 0; from < count; from += STEP) {
    const part = numbers(database, Math.min(STEP, count - from));
    const shifted = (text: string): string => text.replaceAll("n.i", `(n.i + ${from})`);
    await database.script(
      shifted(`INSERT INTO reviewflow.deliveries (id, key, key_hash, event_name, received_at, project_id, project_path, iid,
        headers, decision, reason_code, reason_params, run_id)
      SELECT '00000000-0000-7000-8000-' || ${number(0)}, 'key-' || n.i, 'hash-' || n.i, t.event_name, ${at}, ${project}, ${path}, ${iid},
        t.headers, CASE WHEN n.i % 5 < 2 THEN 'review' WHEN n.i % 1000 = 4 THEN 'cancel' ELSE 'ignore' END,
        CASE WHEN n.i % 5 < 2 THEN t.reason_code ELSE 'draft' END, t.reason_params,
        CASE WHEN n.i % 5 < 2 THEN '10000000-0000-7000-8000-' || ${number(0)} END
      FROM reviewflow.deliveries t CROSS JOIN ${part} WHERE t.key LIKE 'key-999999-1-%'`),
    );
    await database.script(
      shifted(`INSERT INTO reviewflow.runs (id, kind, delivery_id, project_id, project_path, iid, head_sha, flow, trigger, state, reason_code,
        reason_params, attempts, created_at, started_at, finished_at, event, result, usage)
      SELECT '10000000-0000-7000-8000-' || ${number(0)}, 'review', '00000000-0000-7000-8000-' || ${number(0)}, ${project}, ${path}, ${iid},
        t.head_sha, t.flow, t.trigger,
        CASE n.i % 25 WHEN 0 THEN 'failed' WHEN 1 THEN 'partial-succeeded' WHEN 5 THEN 'superseded' ELSE 'succeeded' END,
        CASE n.i % 25 WHEN 0 THEN 'model-failed' WHEN 5 THEN 'superseded' END, CASE WHEN n.i % 25 IN (0, 5) THEN '{}' END, 1,
        ${at}, ${at}, ${at} + 60000, t.event, CASE WHEN n.i % 25 IN (0, 5) THEN 'null' ELSE t.result END, t.usage
      FROM reviewflow.runs t CROSS JOIN ${part} WHERE t.project_id = 999999 AND n.i % 5 < 2`),
    );
  }
  if (database.dialect === "postgres") await database.script("ANALYZE");
};

const enqueue = async (database: Database, count: number): Promise<void> => {
  const number = database.dialect === "postgres" ? "lpad(n.i::text, 12, '0')" : "printf('%012d', n.i)";
  await database.script(`INSERT INTO reviewflow.runs (id, kind, delivery_id, project_id, project_path, iid, head_sha, flow,
      trigger, state, created_at, event, usage)
    SELECT '20000000-0000-7000-8000-' || ${number}, 'review', t.delivery_id, n.i % ${PROJECTS}, 'team/project-' || (n.i % ${PROJECTS}),
      900000 + n.i, t.head_sha, t.flow, t.trigger, 'queued', ${Date.now()}, t.event, t.usage
    FROM reviewflow.runs t CROSS JOIN ${numbers(database, count)} WHERE t.project_id = 999999`);
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const time = async (work: () => Promise<unknown>): Promise<number> => {
  const taken: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await work();
    taken.push(performance.now() - startedAt);
  }
  return median(taken);
};

/** Pages by name; each is asked for by the same browser. */
const PAGES = {
  overview: "/dashboard",
  runs: "/dashboard/runs",
  "failed runs": "/dashboard/runs?state=failed",
  "runs of a project": "/dashboard/runs?project=team%2Fproject-1",
  "failed runs of a project": "/dashboard/runs?project=team%2Fproject-1&state=failed",
  "runs of a flow": "/dashboard/runs?flow=review",
  "runs of an unknown project": "/dashboard/runs?project=no%2Fsuch",
  "runs of an unknown flow": "/dashboard/runs?flow=nothing",
  deliveries: "/dashboard/deliveries",
  "cancelling deliveries": "/dashboard/deliveries?decision=cancel",
  "deliveries of a project": "/dashboard/deliveries?project=team%2Fproject-1",
  "ignored deliveries of a project": "/dashboard/deliveries?project=team%2Fproject-1&decision=ignore",
  "deliveries of an unknown project": "/dashboard/deliveries?project=no%2Fsuch",
  findings: "/dashboard/findings",
  "findings of a project": "/dashboard/findings?project=team%2Fproject-1",
  projects: "/dashboard/projects",
  "a project": "/dashboard/projects/1",
} as const;

const measure = async (place: Place, count: number): Promise<Map<string, number>> => {
  const figures = new Map<string, number>();
  const story = { project: "team/shop", projectId: 999_999, iid: 1, title: "Shop" };
  {
    await using store = await openStore({ database: place });
    const { runId } = await deliver(store, story);
    await settleNext(store, runId ?? "", reviewed("A finding"), {});
  }
  const database = await openDatabase(place);
  const startedAt = performance.now();
  await fill(database, count);
  console.error(`${count} deliveries in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  await database.close();
  {
    await using store = await openStore({ database: place });
    const browser = openBrowser(setUpDashboard(store, systemClock).app);
    await browser.signIn();
    for (const [name, path] of Object.entries(PAGES)) {
      const page = await browser.get(path);
      if (page.status !== 200) throw new Error(`${path} answered ${page.status}`);
      figures.set(name, await time(() => browser.get(path)));
    }
    const oldest = (await store.views.listRuns({ limit: 1, states: ["failed"] })).rows[0];
    figures.set("the page behind", await time(() => browser.get(`/dashboard/runs?before=${oldest?.id}`)));
    figures.set("metrics: runs by state", await time(() => store.countRuns()));
    figures.set("a look for changes", await time(() => store.views.pulse()));
  }
  return figures;
};

const measureClaims = async (place: Place): Promise<readonly number[]> => {
  const taken: number[] = [];
  for (const count of QUEUED) {
    const database = await openDatabase(place);
    await database.script(
      "DELETE FROM reviewflow.runs WHERE project_id <> 999999 AND state IN ('queued', 'active')",
    );
    await enqueue(database, count);
    const limits = { kind: "review", free: 4, perProject: 2, leaseMs: 60_000, giveUpMs: DAY_MS } as const;
    taken.push(
      await time(async () => {
        const claimed = await claimRuns(database, limits, Date.now());
        if (claimed.length === 0) throw new Error("nothing was claimed");
        // Put back, so that each claim has the same to choose from.
        await sql`UPDATE reviewflow.runs SET state = 'queued', claim_id = NULL WHERE state = 'active'`.execute(
          database.db,
        );
      }),
    );
    await database.close();
  }
  return taken;
};

const show = (name: string, small: number, large: number): void =>
  console.log(
    `${name.padEnd(36)} ${small.toFixed(1).padStart(8)} ${large.toFixed(1).padStart(8)}   ratio ${(large / small).toFixed(2)}`,
  );

const compare = async (name: string, places: readonly [Place, Place]): Promise<void> => {
  const small = await measure(places[0], SMALL);
  const large = await measure(places[1], LARGE);
  console.log(`\n${name}: ${SMALL} deliveries, ${LARGE} deliveries`);
  for (const [figure, value] of small) show(figure, value, large.get(figure) ?? 0);
  const [few = 0, many = 0] = await measureClaims(places[0]);
  show(`a claim, ${QUEUED.join(" and ")} waiting`, few, many);
};

console.log(
  `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; medians of ${ROUNDS}, in ms`,
);
const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "reviewflow-growth-")));
try {
  const [small = "", large = ""] = folders;
  await compare("SQLite", [{ dataDir: small }, { dataDir: large }]);
  const { size } = statSync(join(large, "store.sqlite"));
  console.log(
    `a delivery with its share of reviews, without its body: ${Math.round(size / LARGE)} bytes on the disk`,
  );
} finally {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
const server = await startPostgres();
if (server !== null)
  try {
    const url = async (): Promise<Place> => ({ databaseUrl: new Secret(await server.createDatabase()) });
    await compare("PostgreSQL", [await url(), await url()]);
  } finally {
    await server.stop();
  }
