import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../src/store/open-store.ts";

/**
 * How long others wait while the store is tidied up: 200,000 deliveries of long ago, 5,000 runs with 100 steps and
 * 100 events each, and as many cached reviews, findings, outcomes, spendings and shadow runs, all old enough to go.
 * A query that asks for nothing is sent again and again meanwhile; its longest wait is the longest hold.
 */

const DELIVERIES = 200_000;
const RUNS = 5_000;
const DAY_MS = 86_400_000;
/** Before it begins. */
const BEFORE_MS = 3_000;
/** Nothing more was deleted for so long: it is done. */
const QUIET_MS = 15_000;

const folder = await mkdtemp(join(tmpdir(), "reviewflow-upkeep-"));
await (await openStore({ database: { dataDir: folder } }))[Symbol.asyncDispose]();

const old = Date.now() - 500 * DAY_MS;
const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
const id = (kind: string, number = "i"): string => `printf('${kind}-%08d', ${number})`;
const FILL = `
  PRAGMA synchronous = OFF;
  BEGIN;
  ${numbers(DELIVERIES)} INSERT INTO deliveries (id, key, key_hash, event_name, received_at, project_id, project_path, iid, headers, decision, reason_code, reason_params)
    SELECT ${id("d")}, ${id("k")}, ${id("k")}, 'Merge Request Hook', ${old} + i, i % 50, 'team/shop', i % 20000, '{}',
      CASE WHEN i % 3 = 0 THEN 'review' ELSE 'ignore' END, 'merge-request-merged', '{}' FROM n;
  INSERT INTO delivery_bodies (delivery_id, encoding, bytes) SELECT id, 'plain', randomblob(2000) FROM deliveries;
  ${numbers(RUNS)} INSERT INTO runs (id, kind, delivery_id, project_id, project_path, iid, flow, trigger, state, created_at, finished_at, event, usage)
    SELECT ${id("r")}, 'review', ${id("d")}, i % 50, 'team/shop', i % 20000, 'default', 'opened', 'succeeded', ${old}, ${old} + i, '{"a":1}', '{}' FROM n;
  ${numbers(100)} INSERT INTO steps (run_id, key, value) SELECT runs.id, 'step ' || i, hex(randomblob(250)) FROM runs, n;
  ${numbers(100)} INSERT INTO run_events (run_id, stored_at, body) SELECT runs.id, ${old}, hex(randomblob(100)) FROM runs, n;
  ${numbers(200_000)} INSERT INTO review_cache (project_id, iid, flow, key, value, used_at)
    SELECT i % 50, i % 2000, 'default', 'hunk ' || i, hex(randomblob(200)), CASE WHEN i % 2 = 0 THEN ${old} ELSE ${Date.now()} END FROM n;
  ${numbers(100_000)} INSERT INTO findings (project_id, iid, flow, fingerprint, path, category, severity, title, head_sha, raised_at)
    SELECT i % 50, i % 2000, 'default', ${id("f")}, 'src/a.ts', 'bug', 'major', 'A title', '0', ${old} + i FROM n;
  INSERT INTO outcomes (project_id, iid, flow, fingerprint, facet, kind, at) SELECT project_id, iid, flow, fingerprint, 'thread', 'resolved', raised_at FROM findings;
  ${numbers(50_000)} INSERT INTO spendings (day, project_id, project_path) SELECT date('2020-01-01', (i % 365) || ' days'), i, 'team/shop' FROM n;
  INSERT INTO shadow_runs (id, run_id, flow, candidate, project_id, project_path, iid, state, created_at)
    SELECT 's' || id, id, flow, 'new', project_id, project_path, iid, 'done', ${old} FROM runs;
  ${numbers(20)} INSERT INTO shadow_steps (shadow_id, key, value) SELECT shadow_runs.id, 'step ' || i, hex(randomblob(250)) FROM shadow_runs, n;
  COMMIT;`;
const file = join(folder, "store.sqlite");
const db = new DatabaseSync(file);
db.exec(FILL);
db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
db.close();
const before = (await stat(file)).size;

const waits: { before: number[]; meanwhile: number[] } = { before: [], meanwhile: [] };
const forgotten = new Map<string, number>();
let lastAt = 0;
const openedAt = performance.now();
const store = await openStore({
  database: { dataDir: folder },
  maintenanceIntervalMs: BEFORE_MS,
  onForgotten: (what, rows) => {
    forgotten.set(what, (forgotten.get(what) ?? 0) + rows);
    lastAt = performance.now();
  },
});
const startedAt = performance.now();
lastAt = startedAt + BEFORE_MS;

const part = (all: readonly number[], share: number): string =>
  (all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * share)] ?? 0).toFixed(1);
const show = (name: string, all: readonly number[]): string =>
  `${name.padEnd(34)} p50 ${part(all, 0.5)} ms, p99 ${part(all, 0.99)} ms, longest ${part(all, 1)} ms`;

try {
  while (performance.now() - lastAt < QUIET_MS) {
    const askedAt = performance.now();
    await store.ping();
    const now = performance.now();
    (now < startedAt + BEFORE_MS ? waits.before : waits.meanwhile).push(now - askedAt);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(
    `a store of ${Math.round(before / 2 ** 20)} MiB, opened in ${(startedAt - openedAt).toFixed(0)} ms; deleted within ${((lastAt - startedAt) / 1_000).toFixed(0)} s: ${[...forgotten].map(([what, rows]) => `${what} ${rows}`).join(", ")}`,
  );
  console.log(show("another query, before", waits.before));
  console.log(show("another query, meanwhile", waits.meanwhile));
} finally {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}
