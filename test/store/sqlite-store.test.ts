import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { sql } from "kysely";
import { StoreError } from "../../src/base/errors.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openStore } from "../../src/store/open-store.ts";
import { copyFile, takeDataFolder } from "../../src/store/sqlite/data-folder.ts";
import { type Place, type Places, createSqlitePlaces, openDatabase, query } from "./store-places.ts";
import { queueRun, request, succeeded, untilState } from "./store-requests.ts";

const HOLDER = join(import.meta.dirname, "hold-store.ts");

const isLocked = (error: unknown): boolean => error instanceof StoreError && error.code === "store-locked";

/** The folder of an embedded place. */
const folderOf = (place: Place): string => {
  if (!("dataDir" in place.database)) throw new Error("not an embedded place");
  return place.database.dataDir;
};

/** Starts a process that opens the folder, and waits for its first line. */
const holdElsewhere = async (folder: string): Promise<{ child: ChildProcess; line: string }> => {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: readonly unknown[] = await once(child.stdout, "data");
  return { child, line: String(chunks[0]).trim() };
};

describe("the embedded store", () => {
  let places: Places;
  before(async () => {
    places = await createSqlitePlaces();
  });
  after(() => places.remove());

  test("is as durable as SQLite can be, and gives back what was deleted", async () => {
    const database = await openDatabase(await places.fresh());
    try {
      const pragma = async (name: string): Promise<unknown> =>
        Object.values(Object.assign({}, (await query(database, `PRAGMA reviewflow.${name}`))[0]))[0];
      assert.equal(await pragma("journal_mode"), "wal");
      assert.equal(await pragma("synchronous"), 2, "FULL: each commit waits for the disk");
      assert.equal(await pragma("auto_vacuum"), 2, "INCREMENTAL");
      assert.equal(await pragma("foreign_keys"), 1);
    } finally {
      await database.close();
    }
  });

  test("is for its user alone, whatever the umask and whatever was there", async () => {
    const umask = process.umask(0);
    try {
      for (const before of [null, 0o777]) {
        const place = await places.fresh();
        const folder = folderOf(place);
        if (before !== null) {
          mkdirSync(folder, { mode: before });
          writeFileSync(join(folder, "store.sqlite"), "", { mode: 0o666 });
        }
        await using store = await place.open();
        await queueRun(store, { iid: 1 });
        const copy = await store.backup?.();
        const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
        assert.equal(statSync(folder).mode & 0o777, 0o700);
        assert.ok(modes.length >= 4, JSON.stringify(modes));
        assert.deepEqual(
          modes.filter(([, mode]) => mode !== 0o600),
          [],
        );
        await copy?.stream().resume().toArray();
      }
    } finally {
      process.umask(umask);
    }
  });

  test("a copy that a killed process was making goes at the next start", async () => {
    const place = await places.fresh();
    await (await place.open())[Symbol.asyncDispose]();
    const left = copyFile(folderOf(place), "left");
    writeFileSync(left, "half");
    await (await place.open())[Symbol.asyncDispose]();
    assert.equal(existsSync(left), false);
  });

  test("is refused on a network file system, with the setting named", async () => {
    const folder = folderOf(await places.fresh());
    for (const type of [0x6969, 0xff534d42, 0xff534d42 - 2 ** 32])
      await assert.rejects(
        takeDataFolder(folder, () => type),
        (error) =>
          error instanceof StoreError &&
          error.code === "store-network-folder" &&
          /REVIEWFLOW_DATA_DIR/.test(error.message) &&
          error.message.includes(folder),
      );
    (await takeDataFolder(folder, () => 0xef53)).release();
  });

  test("what cannot be opened is said with folder, user and setting", async () => {
    const place = await places.fresh();
    const folder = folderOf(place);
    mkdirSync(folder);
    writeFileSync(join(folder, "store.sqlite"), "this is no database, however long it may be".repeat(100));
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    for (const dataDir of [folder, join(file, "below")])
      await assert.rejects(
        openStore({ database: { dataDir } }),
        (error) =>
          error instanceof StoreError &&
          error.code === "store-start-failed" &&
          error.message.includes(dataDir) &&
          error.message.includes(userInfo().username) &&
          /REVIEWFLOW_DATA_DIR/.test(error.message),
      );
  });

  test("refuses values that SQLite would take for something else", async () => {
    const database = await openDatabase(await places.fresh());
    const refused = (error: unknown): boolean =>
      error instanceof StoreError && error.code === "store-query-failed";
    try {
      await migrate(database);
      for (const value of [new Date(0), Number.NaN, true, undefined, { iid: 1 }])
        await assert.rejects(sql`SELECT ${value} AS value`.execute(database.db), refused);
      await assert.rejects(query(database, "SELECT 9007199254740993 AS value"), refused);
      await assert.rejects(
        database.db.insertInto("fairShare").values({ projectId: 1.5, served: 1 }).execute(),
        refused,
      );
    } finally {
      await database.close();
    }
  });

  test("belongs to one opener, who is told by name what to do", async () => {
    const place = await places.fresh();
    const store = await place.open();
    await assert.rejects(place.open(), (error) => {
      assert.ok(isLocked(error));
      assert.ok(String(error).includes(folderOf(place)));
      assert.match(String(error), /REVIEWFLOW_DATA_DIR|DATABASE_URL/);
      return true;
    });
    await store[Symbol.asyncDispose]();
    await (await place.open())[Symbol.asyncDispose]();
  });

  test("is locked by another process too, and free again at once after its kill -9", async () => {
    const place = await places.fresh();
    const { child, line } = await holdElsewhere(folderOf(place));
    assert.equal(line, "working");
    await assert.rejects(place.open(), isLocked);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    await using store = await place.open();
    const [orphan] = await store.listRuns({ limit: 1 });
    assert.equal(orphan?.state, "queued", "the run of the killed process waits again, without any delay");
    assert.equal(orphan?.attempts, 1);
    const steps: unknown[] = [];
    const worker = await store.work({
      concurrency: 1,
      perProject: 1,
      handle: async ({ journal }) => {
        steps.push(await journal.read("step"));
        return succeeded;
      },
    });
    await untilState(store, orphan?.id ?? "", "succeeded");
    await worker.stop(0);
    assert.deepEqual(steps, ["finished before the kill"]);
  });

  test("takes another thread when one dies: nothing that was answered is lost, nothing is half written", async (context) => {
    const threads: Worker[] = [];
    const onThread = (thread: Worker): void => void threads.push(thread);
    process.on("worker", onThread);
    context.after(() => process.off("worker", onThread));
    await using store = await (await places.fresh()).open();
    const dying = Promise.withResolvers<void>();
    const worker = await store.work({
      concurrency: 1,
      perProject: 1,
      handle: async ({ journal }) => {
        await journal.write("step", 1);
        await dying.promise;
        assert.equal(await journal.read("step"), 1);
        return succeeded;
      },
    });
    const runId = await queueRun(store, { iid: 1 });
    await untilState(store, runId, "active");
    const answered = new Set<string>();
    for (let death = 1; death <= 5; death += 1) {
      const keys = Array.from({ length: 40 }, (_, index) => `death-${death}-${index}`);
      const answers = keys.map((key, index) => store.accept(request({ key, iid: 100 + index })));
      // In the middle of them.
      await Promise.race(answers);
      const thread = threads.at(-1) ?? assert.fail("no thread");
      await thread.terminate();
      for (const [index, outcome] of (await Promise.allSettled(answers)).entries())
        if (outcome.status === "fulfilled") answered.add(keys[index] ?? "");
        else
          assert.ok(outcome.reason instanceof StoreError && outcome.reason.retryable, String(outcome.reason));
      await store.ping();
      assert.equal(threads.length, death + 1);
    }
    dying.resolve();
    await untilState(store, runId, "succeeded");
    const deliveries = await store.listDeliveries({ limit: 1_000 });
    const stored = new Set(deliveries.map(({ key }) => key));
    assert.deepEqual(
      [...answered].filter((key) => !stored.has(key)),
      [],
    );
    for (const { runId: of } of deliveries) assert.ok(of !== null && (await store.getRun(of)) !== null);
    await worker.stop(1_000);
  });

  test("is tidied up on its own while it works", async () => {
    const place = await places.fresh();
    const warnings: string[] = [];
    const warn = (_: unknown, message: string): void => void warnings.push(message);
    const drop = (): void => undefined;
    const logger = { debug: drop, info: drop, error: drop, warn, child: () => logger };
    await using store = await place.open({ maintenanceIntervalMs: 100, logger });
    for (let iid = 1; iid <= 10; iid += 1) await queueRun(store, { iid });
    await store.ping();
    assert.deepEqual(warnings, []);
  });
});
