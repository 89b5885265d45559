import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { moveStore } from "../../src/store/move/move-store.ts";
import { openStore, type OpenedStore } from "../../src/store/open-store.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { QUICK } from "./store-places.ts";
import { queueRun, request, succeeded, until, untilState } from "./store-requests.ts";

const TOKEN = "glpat-a-token-that-travels-sealed";
const BODY = Buffer.concat([Buffer.from('{"a":"\u0000é"}'), Buffer.from([0xff, 0x00, 0x80])]);

const failsWith = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

/** Works off everything that is due; returns the tokens by merge request. */
const workOff = async (
  store: OpenedStore,
  runIds: readonly string[],
): Promise<Map<number, string | null>> => {
  const tokens = new Map<number, string | null>();
  const worker = await store.work({
    concurrency: 2,
    perProject: 2,
    handle: async ({ run, token, journal }) => {
      tokens.set(run.iid, token?.reveal() ?? null);
      await journal.write("step", "done");
      return succeeded;
    },
  });
  for (const runId of runIds) await untilState(store, runId, "succeeded");
  await worker.stop(5_000);
  return tokens;
};

/** Everything that a page shows of the deliveries and runs, in its order. */
const everything = async (store: OpenedStore) => ({
  deliveries: await store.listDeliveries({ limit: 100 }),
  runs: await store.listRuns({ limit: 100 }),
});

suite("moving a store", () => {
  test("from a folder to PostgreSQL and back: all is there, and what waits is worked on", async (context) => {
    const postgres = await startPostgres();
    if (postgres === null) return context.skip(POSTGRES_MISSING);
    const root = mkdtempSync(join(tmpdir(), "reviewflow-move-"));
    const tokenKeys = [randomBytes(32)];
    const folder = { dataDir: join(root, "first") };
    const server = { databaseUrl: new Secret(await postgres.createDatabase()) };
    const back = { dataDir: join(root, "second") };
    const open = (database: typeof folder | typeof server) => openStore({ database, tokenKeys, ...QUICK });
    try {
      await assert.rejects(moveStore(folder, server), failsWith("store-missing"));
      const first = await open(folder);
      const done = await queueRun(first, { iid: 1, body: BODY });
      await workOff(first, [done]);
      const waiting = [await queueRun(first, { iid: 2, token: TOKEN }), await queueRun(first, { iid: 3 })];
      const later = await first.accept(
        request({
          iid: 4,
          decide: () => ({ kind: "review", headSha: "x", trigger: "push", quietMs: 86_400_000 }),
        }),
      );
      await assert.rejects(moveStore(folder, server), failsWith("store-locked"));
      const proven = await first.openProvenTokens();
      await proven.keep(proven.hash(new Secret(TOKEN)), 1);
      const before = await everything(first);
      await first[Symbol.asyncDispose]();

      const report = await moveStore(folder, server);
      assert.equal(report.waiting, 3);
      assert.equal(report.tables.find(({ name }) => name === "deliveries")?.rows, 4);
      assert.equal(report.tables.find(({ name }) => name === "run_tokens")?.rows, 1);
      await assert.rejects(moveStore(folder, server), failsWith("store-not-empty"));

      const second = await open(server);
      assert.deepEqual(await everything(second), before);
      const moved = await second.openProvenTokens();
      assert.equal(moved.isKnown(moved.hash(new Secret(TOKEN)), 1), true);
      assert.deepEqual(
        await second.getDeliveryBody(before.deliveries.at(-1)?.id ?? ""),
        new Uint8Array(BODY),
      );
      const tokens = await workOff(second, waiting);
      assert.deepEqual(Object.fromEntries(tokens), { 2: TOKEN, 3: null }, "the quiet one still waits");
      const last = await queueRun(second, { iid: 5 });
      const newest = await second.listRuns({ limit: 1 });
      assert.equal(newest[0]?.id, last, "the order of arrival goes on");
      await until(
        () => moveStore(server, back).then(() => assert.fail("in use"), failsWith("store-in-use")),
        "the running server to be seen",
      );
      const after = await everything(second);
      await second[Symbol.asyncDispose]();

      assert.equal((await moveStore(server, back)).waiting, 2);
      await using third = await open(back);
      assert.deepEqual(await everything(third), after);
      await workOff(third, [last]);
      assert.ok("runId" in later && (await third.getRun(later.runId))?.state === "queued");
    } finally {
      await postgres.stop();
      rmSync(root, { recursive: true, force: true });
    }
  });
});
