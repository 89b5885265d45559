import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../src/base/clock.ts";
import { openStore } from "../src/store/open-store.ts";

/**
 * How long others wait while the store is tidied up: 200,000 deliveries of long ago, 5,000 runs with 100 steps and
 * 100 events each, and as many cached reviews, findings, outcomes, spendings and shadow runs, all old enough to go.
 * A query that asks for nothing is sent again and again meanwhile; its longest wait is the longest hold. Before it, a
 * backup is made in the same way. Memory is the process's (RSS), which everything is done in.
 */

const DELIVERIES = 200_000;
const RUNS = 5_000;
const DAY_MS = 86_400_000;
/** Before it begins. */
const BEFORE_MS = 3_000;
/** Between two rounds of upkeep; of no other pause. */
const INTERVAL_MS = 3_001;
const upkeep = Promise.withResolvers<void>();

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

const part = (all: readonly number[], share: number): string =>
  (all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * share)] ?? 0).toFixed(1);
const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

const forgotten = new Map<string, number>();
const rowsForgotten = (): number => forgotten.values().reduce((sum, rows) => sum + rows, 0);
/** How much was forgotten when each round began. */
const rounds: number[] = [];
const openedAt = performance.now();
const store = await openStore({
  database: { dataDir: folder },
  maintenanceIntervalMs: INTERVAL_MS,
  clock: {
    ...systemClock,
    sleep: (ms, ...rest) => {
      // The pause before a round; the first one lasts until the backup is made.
      if (ms !== INTERVAL_MS) return systemClock.sleep(ms, ...rest);
      rounds.push(rowsForgotten());
      return rounds.length === 1 ? upkeep.promise : systemClock.sleep(ms, ...rest);
    },
  },
  onForgotten: (what, rows) => void forgotten.set(what, (forgotten.get(what) ?? 0) + rows),
});
console.log(`a store of ${mib(before)}, opened in ${(performance.now() - openedAt).toFixed(0)} ms`);

/** Asks until it is done, and says how long that took, what the questions waited and how much memory came to it. */
const askWhile = async (name: string, isDone: () => boolean): Promise<void> => {
  const waits: number[] = [];
  const startedAt = performance.now();
  const memoryBefore = process.memoryUsage.rss();
  let most = memoryBefore;
  while (!isDone()) {
    const askedAt = performance.now();
    await store.ping();
    waits.push(performance.now() - askedAt);
    most = Math.max(most, process.memoryUsage.rss());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(
    `${name}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s; another query p50 ${part(waits, 0.5)} ms, p99 ${part(waits, 0.99)} ms, ` +
      `longest ${part(waits, 1)} ms; memory ${mib(memoryBefore)}, at most ${mib(most)}`,
  );
};

try {
  const quietUntil = performance.now() + BEFORE_MS;
  await askWhile("nothing else", () => performance.now() > quietUntil);
  let isCopied = false;
  const copying = store.backup?.().then(async (copy) => {
    await once(copy.stream().resume(), "close");
    isCopied = true;
    return copy.bytes;
  });
  await askWhile("backup", () => isCopied);
  console.log(`  ${mib((await copying) ?? 0)} copied and read`);
  upkeep.resolve();
  // A round takes only so many rows of each kind; the last one finds none.
  await askWhile("upkeep", () => rounds.length > 1 && rounds.at(-1) === rounds.at(-2));
  console.log(`  deleted: ${[...forgotten].map(([what, rows]) => `${what} ${rows}`).join(", ")}`);
} finally {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}
