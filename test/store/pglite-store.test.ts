import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs, { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { StoreError } from "../../src/base/errors.ts";
import { openPglite } from "../../src/store/pglite/pglite-database.ts";
import { type Place, type Places, createPglitePlaces } from "./store-places.ts";
import { queueRun, succeeded, untilState } from "./store-requests.ts";

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
    places = await createPglitePlaces();
  });
  after(() => places.remove());

  test("reaches the disk once for every commit at least", async () => {
    const place = await places.fresh();
    await using store = await place.open();
    const original = fs.fdatasyncSync;
    let syncs = 0;
    fs.fdatasyncSync = (fd) => {
      syncs += 1;
      original(fd);
    };
    syncBuiltinESMExports();
    try {
      for (let iid = 1; iid <= 20; iid += 1) await queueRun(store, { iid });
    } finally {
      fs.fdatasyncSync = original;
      syncBuiltinESMExports();
    }
    assert.ok(syncs >= 20, `${syncs} syncs for 20 commits`);
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

  test("starts anew where a first start was cut short", async () => {
    const place = await places.fresh();
    const folder = folderOf(place);
    rmSync(folder, { recursive: true });
    mkdirSync(join(folder, "postgres"), { recursive: true });
    writeFileSync(join(folder, "postgres", "PG_VERSION"), "17\n");
    await using store = await place.open();
    await store.ping();
    assert.ok(existsSync(join(folder, "ready")));
  });

  test("counts its rows and shortens its log when it is tidied up", async () => {
    const place = await places.fresh();
    const database = await openPglite(folderOf(place));
    const Row = z.object({ rows: z.coerce.number(), redo: z.string() });
    const look = async (): Promise<z.infer<typeof Row>> => {
      const [row] = await database.query(
        `SELECT reltuples AS rows, (SELECT redo_lsn::text FROM pg_control_checkpoint()) AS redo
         FROM pg_class WHERE oid = 'tidy'::regclass`,
      );
      return Row.parse(row);
    };
    await database.script("CREATE TABLE tidy AS SELECT * FROM generate_series(1, 500) AS n");
    const before = await look();
    await database.maintain();
    const tidied = await look();
    await database.close();
    assert.notEqual(before.rows, 500);
    assert.equal(tidied.rows, 500);
    assert.notEqual(tidied.redo, before.redo);
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
