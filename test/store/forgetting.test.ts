import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { newId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { ENDED_CODES } from "../../src/review/decide.ts";
import type { Database } from "../../src/store/database.ts";
import { forgetUnusedMemory } from "../../src/store/flow-memory.ts";
import { forgetOldFindings } from "../../src/store/lessons/create-lesson-store.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { createForgetting } from "../../src/store/retention/forget-old.ts";
import { DEFAULT_RETENTION, type Retention } from "../../src/store/retention/retention.ts";
import { forgetOldSpending } from "../../src/store/spending/create-spending.ts";
import type { Claim } from "../../src/store/store.ts";
import { startPostgres } from "./postgres-server.ts";
import {
  createPostgresPlaces,
  createSqlitePlaces,
  openDatabase,
  type Place,
  type Places,
  query,
} from "./store-places.ts";
import { queueRun, request, succeeded, untilAborted, untilState } from "./store-requests.ts";

const DAY_MS = 86_400_000;

const Count = z.object({ count: z.coerce.number() });

const count = async (database: Database, from: string): Promise<number> =>
  Count.parse((await query(database, `SELECT count(*) AS count FROM reviewflow.${from}`))[0]).count;

/** A review that leaves a step, an event and a memory behind. */
const leaveTraces = async ({ journal, memory, record }: Claim) => {
  await journal.write("diff", "+ secret line");
  await memory.write("hunk", "+ secret line");
  await record([
    {
      atMs: 0,
      callId: "c",
      kind: "call-finished",
      status: "succeeded",
      error: null,
      elapsedMs: 1,
      usage: null,
      omitted: 0,
    },
  ]);
  return { ...succeeded, result: { kind: "findings", text: "+ secret line" } };
};

const work = async (store: OpenedStore, runs: readonly string[]): Promise<void> => {
  const worker = await store.work({ handle: leaveTraces, concurrency: 4, perProject: 4 });
  for (const run of runs) await untilState(store, run, "succeeded");
  await worker.stop(10_000);
};

/** Deliveries of long ago that nothing was done about; returns their ids. */
const insertIgnored = async (database: Database, name: string, rows: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let start = 0; start < rows; start += 1_000) {
    const values = Array.from({ length: Math.min(1_000, rows - start) }, (_, index) => ({
      id: newId(),
      key: `${name}${start + index}`,
      keyHash: `${name}${start + index}`,
      eventName: "e",
      receivedAt: start + index,
      headers: "{}",
      decision: "ignore" as const,
      reasonCode: "nothing-to-review",
      reasonParams: "{}",
    }));
    await database.db.insertInto("deliveries").values(values).execute();
    ids.push(...values.map(({ id }) => id));
  }
  return ids;
};

/** One sweep over everything at `nowMs`; what it deleted. */
const forget = async (
  database: Database,
  kept: Partial<Retention>,
  nowMs = Date.now() + 10 * DAY_MS,
): Promise<Record<string, number>> => {
  const forgotten: Record<string, number> = {};
  const nothing: Retention = {
    bodies: null,
    deliveries: null,
    runs: null,
    steps: null,
    events: null,
    memory: null,
  };
  await createForgetting({
    database,
    retention: { ...nothing, ...kept },
    logger: silentLogger,
    onForgotten: (what, rows) => (forgotten[what] = rows),
  }).sweep(nowMs);
  return forgotten;
};

const forgettingContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`forgetting: ${name}`, () => {
    let places: Places;
    let place: Place;
    let store: OpenedStore | null = null;
    let database: Database;

    before(async () => {
      places = await createPlaces();
      place = await places.fresh();
      store = await place.open();
    });
    after(async () => {
      await store?.[Symbol.asyncDispose]();
      await database.close();
      places.remove();
    });

    const opened = (): OpenedStore => store ?? assert.fail("the store is closed");

    test("what projects use is added up by day", async () => {
      const { spending } = opened();
      const use = { tokens: 10, cost: 0.25, runs: 1 };
      await Promise.all([
        spending.spend("2026-01-01", { id: 91, path: "a/b" }, use),
        spending.spend("2026-01-01", { id: 91, path: "a/b" }, use),
        spending.spend("2026-01-01", { id: 92, path: "a/c" }, { tokens: Number.NaN, cost: -1, runs: 1 }),
        spending.spend("2026-01-02", { id: 91, path: "a/b" }, use),
      ]);
      assert.deepEqual(await spending.readSpent("2026-01-01", 91), {
        total: { tokens: 20, cost: 0.5, runs: 3 },
        project: { tokens: 20, cost: 0.5, runs: 2 },
      });
      assert.deepEqual((await spending.readSpent("2026-01-03", 91)).total, { tokens: 0, cost: 0, runs: 0 });
      assert.deepEqual(await spending.listSpent("2026-01-01"), [
        { projectId: 91, projectPath: "a/b", tokens: 20, cost: 0.5, runs: 2 },
        { projectId: 92, projectPath: "a/c", tokens: 0, cost: 0, runs: 1 },
      ]);
    });

    test("a project is forgotten with all that is stored of it, its reviews under way stopped first", async () => {
      const current = opened();
      const gone = await queueRun(current, { projectId: 50, iid: 1 });
      const stays = await queueRun(current, { projectId: 51, iid: 1 });
      await work(current, [gone, stays]);
      const worker = await current.work({
        handle: ({ signal }) => untilAborted(signal),
        concurrency: 1,
        perProject: 1,
      });
      const active = await queueRun(current, { projectId: 50, iid: 2 });
      await untilState(current, active, "active");
      const waiting = await queueRun(current, { projectId: 50, iid: 3, key: "again" });
      await current.spending.spend(
        "2026-01-01",
        { id: 50, path: "group/project" },
        { tokens: 1, cost: 0, runs: 1 },
      );
      const forgotten = await current.forgetProject("50");
      assert.deepEqual(forgotten, { projectIds: [50], runs: 3, deliveries: 3 });
      await worker.stop(10_000);
      for (const run of [gone, active, waiting]) assert.equal(await current.getRun(run), null);
      assert.equal((await current.getRun(stays))?.state, "succeeded");
      assert.deepEqual(await current.queueStatus(), {
        queued: 0,
        waiting: 0,
        parked: 0,
        retrying: 0,
        active: 0,
        oldestQueuedAtMs: null,
      });
      assert.equal(await current.forgetProject("50"), null);
      assert.equal(await current.forgetProject("nobody/nowhere"), null);
      // What comes later is new.
      assert.equal((await current.accept(request({ projectId: 50, iid: 3, key: "again" }))).kind, "review");
      assert.deepEqual((await current.forgetProject("50"))?.runs, 1);
    });

    test("bodies, steps and events go, and nothing of a run that has not ended", async () => {
      const done = await queueRun(opened(), { projectId: 60, iid: 1, key: "old" });
      await work(opened(), [done]);
      await queueRun(opened(), { projectId: 60, iid: 2 });
      await opened()[Symbol.asyncDispose]();
      store = null;
      database = await openDatabase(place);
      await query(
        database,
        "INSERT INTO reviewflow.steps (run_id, key, value) SELECT id, 'k', '1' FROM reviewflow.runs WHERE state = 'queued'",
      );
      assert.deepEqual(await forget(database, DEFAULT_RETENTION, Date.now()), { bodies: 2 });
      assert.deepEqual(await forget(database, { steps: 7 * DAY_MS, events: 7 * DAY_MS }), {
        steps: 2,
        events: 2,
      });
      assert.equal(await count(database, "steps"), 1);
      assert.equal(await count(database, "delivery_bodies"), 1);
    });

    test("of runs the heads that were reviewed stay, so that nothing is reviewed again", async () => {
      const before = await count(database, "runs");
      assert.deepEqual(await forget(database, { runs: DAY_MS, deliveries: DAY_MS }), { runs: 2 });
      assert.equal(await count(database, "runs"), before);
      assert.equal(await count(database, "runs WHERE result LIKE '%secret%' OR event <> '{}'"), 1);
      store = await closeAndOpen();
      const again = await store.accept(
        request({
          projectId: 60,
          iid: 1,
          decide: (history) => {
            assert.deepEqual(history.reviewedHeads, ["head"]);
            return { kind: "ignore", reason: reasonOf("nothing-to-review") };
          },
        }),
      );
      assert.equal(again.kind, "ignore");
      assert.equal((await store.accept(request({ projectId: 60, iid: 1, key: "old" }))).kind, "duplicate");
      await store[Symbol.asyncDispose]();
      store = null;
      database = await openDatabase(place);
    });

    const closeAndOpen = async (): Promise<OpenedStore> => {
      await database.close();
      return place.open();
    };

    test("after a year nothing is left of them, nor of deliveries without a run", async () => {
      const later = Date.now() + 420 * DAY_MS;
      const forgotten = await forget(database, { runs: DAY_MS, deliveries: DAY_MS }, later);
      assert.equal(forgotten["runs"], 2);
      assert.equal(await count(database, "runs"), 1);
      assert.equal(await count(database, "deliveries"), 1);
    });

    test("a long backlog goes a part at a time, and the next one goes on behind it", async () => {
      const rows = 12_000;
      await insertIgnored(database, "k", rows);
      const forgotten: number[] = [];
      const forgetting = createForgetting({
        database,
        retention: { ...DEFAULT_RETENTION, bodies: null },
        logger: silentLogger,
        onForgotten: (what, removed) => void (what === "deliveries" && forgotten.push(removed)),
      });
      for (let part = 0; part < 3; part += 1) await forgetting.sweep(Date.now());
      assert.deepEqual(forgotten, [10_000, 2_000]);
    });

    test("others have the database between the pieces of what is tidied up", async () => {
      const rows = 3_000;
      const numbers = Array.from({ length: rows }, (_, index) => index);
      const merge = { projectId: 99, iid: 9, flow: "f" };
      const { db } = database;
      const now = Date.now();
      const fill = async (insert: (some: readonly number[]) => Promise<unknown>): Promise<void> => {
        for (let from = 0; from < rows; from += 1_000) await insert(numbers.slice(from, from + 1_000));
      };
      const cached = (iid: number) => (some: readonly number[]) =>
        db
          .insertInto("reviewCache")
          .values(
            some.map((each) => ({ ...merge, iid, key: `${each}`, value: "v", usedAt: iid === 9 ? 0 : now })),
          )
          .execute();
      await fill(cached(9));
      await fill(cached(8));
      await db
        .updateTable("deliveries")
        .set({ projectId: 99, iid: 8, reasonCode: ENDED_CODES[1] })
        .where("id", "in", await insertIgnored(database, "ended", 1))
        .execute();
      const finding = {
        path: "p",
        category: "bug",
        severity: "major",
        title: "t",
        headSha: "0",
        raisedAt: 0,
      };
      await fill((some) =>
        db
          .insertInto("findings")
          .values(some.map((each) => ({ ...merge, ...finding, fingerprint: `${each}` })))
          .execute(),
      );
      await fill((some) =>
        db
          .insertInto("spendings")
          .values(some.map((projectId) => ({ day: "2001-01-01", projectId, projectPath: "team/shop" })))
          .execute(),
      );
      /** How many rows each statement concerned, between which others may ask. */
      const pieces: number[] = [];
      const watched = {
        ...database,
        db: db.withPlugin({
          transformQuery: ({ node }) => node,
          transformResult: async ({ result }) => {
            pieces.push(Number(result.numAffectedRows ?? 0n));
            return result;
          },
        }),
      };
      for (const [from, work] of [
        ["review_cache WHERE iid = 9", () => forgetUnusedMemory(watched, now)],
        ["findings WHERE project_id = 99", () => forgetOldFindings(watched, now)],
        ["spendings WHERE day = '2001-01-01'", () => forgetOldSpending(watched, now)],
      ] as const) {
        pieces.length = 0;
        await work();
        assert.ok(Math.max(...pieces) < rows, `${from}: ${pieces.join(" ")}`);
        assert.ok(pieces.reduce((sum, piece) => sum + piece, 0) >= rows, from);
        assert.equal(await count(database, from), 0, from);
      }
      assert.equal(await count(database, "review_cache WHERE iid = 8"), 0, "of a merge request that ended");
    });

    test("the space goes back to the disk where the database is embedded", async () => {
      const body = randomBytes(1024 * 1024);
      const ids = await insertIgnored(database, "b", 20);
      for (const deliveryId of ids)
        await database.db
          .insertInto("deliveryBodies")
          .values({ deliveryId, encoding: "identity", bytes: body })
          .execute();
      assert.equal((await forget(database, { bodies: DAY_MS }))["bodies"], 20);
      let steps = 0;
      const pages = 256;
      while ((await database.reclaim(pages)) === pages) steps += 1;
      if (database.kind !== "embedded") return assert.equal(steps, 0);
      assert.ok(steps > 10, "in small steps");
      assert.deepEqual(await query(database, "PRAGMA reviewflow.freelist_count"), [{ freelistCount: 0 }]);
    });
  });
};

forgettingContract("SQLite", createSqlitePlaces);

const server = await startPostgres();
if (server === null) test("forgetting: PostgreSQL", { skip: "there is no PostgreSQL" }, () => undefined);
else {
  after(() => server.stop());
  forgettingContract("PostgreSQL", async () => createPostgresPlaces(server));
}
