import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, suite, test } from "node:test";
import { z } from "zod";
import { newId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { Database } from "../../src/store/database.ts";
import { insertRows } from "../../src/store/insert-rows.ts";
import { migrate } from "../../src/store/migrations.ts";
import type { OpenedStore, StoreOptions } from "../../src/store/open-store.ts";
import { openPostgres } from "../../src/store/postgres/postgres-database.ts";
import { createTokenVault } from "../../src/store/token-vault.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { createPostgresPlaces, type Place } from "./store-places.ts";
import { queueRun, succeeded, untilState } from "./store-requests.ts";

const server = await startPostgres();
const skip = server === null && POSTGRES_MISSING;
const freshPlace = async (): Promise<Place> =>
  createPostgresPlaces(server ?? assert.fail(POSTGRES_MISSING)).fresh();

const openFive = (place: Place, options: Partial<StoreOptions> = {}): Promise<readonly OpenedStore[]> =>
  Promise.all(Array.from({ length: 5 }, () => place.open({ maxConnections: 3, ...options })));

const closeAll = (stores: readonly OpenedStore[]): Promise<unknown> =>
  Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));

const withDatabase = async <T>(place: Place, work: (database: Database) => Promise<T>): Promise<T> => {
  if (!("databaseUrl" in place.database)) return assert.fail("no address");
  const database = await openPostgres({ ...place.database, maxConnections: 2, logger: silentLogger });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
};

/** Has the database write down what is made in our schema, with every statement that makes or changes it. */
const COUNT_CHANGES = `
  CREATE TABLE public.changes (what text, tag text);
  CREATE FUNCTION public.count_changes() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO public.changes SELECT object_identity, command_tag FROM pg_event_trigger_ddl_commands()
        WHERE schema_name = 'reviewflow';
    END $$;
  CREATE EVENT TRIGGER count_changes ON ddl_command_end EXECUTE FUNCTION public.count_changes();
`;
const Changes = z.array(z.object({ what: z.string(), tag: z.string(), times: z.coerce.number() }));
const Versions = z.array(z.object({ version: z.number() }));

/** A delivery with its body, its run and its run's step and token, as the first version kept them. */
const insertOldRun = async (
  database: Database,
  { iid, state, key }: { readonly iid: number; readonly state: string; readonly key: Uint8Array },
): Promise<string> => {
  const [deliveryId, runId] = [newId(), newId()];
  const about = { project_id: 1, project_path: "group/project", iid };
  const isOver = state === "succeeded";
  const { keyId, nonce, ciphertext } = createTokenVault([key]).seal(runId, new Secret(`glpat-old-${iid}`));
  await database.transaction(async (tx) => {
    await insertRows(tx, "deliveries", [
      {
        id: deliveryId,
        key: `old-${iid}`,
        key_hash: `old-${iid}`,
        event_name: "Merge Request Hook",
        received_at: 1_700_000_000_000 + iid,
        ...about,
        headers: "{}",
        decision: "review",
        reason: "opened",
        run_id: runId,
      },
    ]);
    const bytes = Buffer.from(`body ${iid}`);
    await insertRows(tx, "delivery_bodies", [{ delivery_id: deliveryId, encoding: "identity", bytes }]);
    const run = {
      id: runId,
      delivery_id: deliveryId,
      ...about,
      head_sha: `head-${iid}`,
      flow: "classic",
      trigger: "opened",
      state,
      created_at: 1_700_000_000_000 + iid,
      started_at: isOver ? 1_700_000_001_000 : null,
      finished_at: isOver ? 1_700_000_002_000 : null,
      event: JSON.stringify({ iid }),
      result: isOver ? '{"note":"kept"}' : "null",
      usage: JSON.stringify({ ...NO_USAGE, totalTokens: isOver ? 77 : 0 }),
    };
    await insertRows(tx, "runs", [run]);
    await insertRows(tx, "steps", [{ run_id: runId, key: "flow", value: `"step ${iid}"` }]);
    if (!isOver) await insertRows(tx, "run_tokens", [{ run_id: runId, key_id: keyId, nonce, ciphertext }]);
  });
  return runId;
};

suite("five instances that start at once", { skip }, () => {
  after(() => server?.stop());

  test("all open an empty database, and again one with data", async () => {
    const place = await freshPlace();
    for (const expected of [5, 10]) {
      const stores = await openFive(place);
      for (const [index, store] of stores.entries()) await queueRun(store, { iid: expected * 100 + index });
      for (const store of stores) assert.equal((await store.queueStatus()).queued, expected);
      await closeAll(stores);
    }
  });

  test("bring the schema of an older version up to date once, with all that it holds", async () => {
    const place = await freshPlace();
    const key = randomBytes(32);
    const [done, waits] = await withDatabase(place, async (database) => {
      await migrate(database, 1);
      await database.script(COUNT_CHANGES);
      return [
        await insertOldRun(database, { iid: 1, state: "succeeded", key }),
        await insertOldRun(database, { iid: 2, state: "queued", key }),
      ] as const;
    });

    const stores = await openFive(place, { tokenKeys: [key] });
    try {
      const [store] = stores;
      assert.ok(store !== undefined);
      const before = await store.getRun(done);
      assert.equal(before?.kind, "review");
      assert.equal(before.state, "succeeded");
      assert.equal(before.usage.totalTokens, 77);
      assert.deepEqual(before.result, { note: "kept" });
      const deliveries = await store.listDeliveries({ limit: 10 });
      assert.deepEqual(
        deliveries.map(({ key: known, runId }) => [known, runId]),
        [
          ["old-2", waits],
          ["old-1", done],
        ],
      );
      const body = await store.getDeliveryBody(deliveries[1]?.id ?? "");
      assert.equal(Buffer.from(body ?? []).toString(), "body 1");

      // What waited is reviewed, by one of them, with its token and what its run had done before.
      const seen: unknown[] = [];
      const workers = await Promise.all(
        stores.map((one) =>
          one.work({
            concurrency: 1,
            perProject: 1,
            handle: async ({ run, token, journal }) => {
              seen.push([run.id, token?.reveal(), await journal.read("flow")]);
              return succeeded;
            },
          }),
        ),
      );
      await untilState(store, waits, "succeeded");
      await Promise.all(workers.map((worker) => worker.stop(5_000)));
      assert.deepEqual(seen, [[waits, "glpat-old-2", "step 2"]]);
    } finally {
      await closeAll(stores);
    }

    await withDatabase(place, async (database) => {
      const changes = Changes.parse(
        await database.query(
          "SELECT what, tag, count(*) AS times FROM public.changes WHERE tag LIKE 'CREATE %' GROUP BY what, tag",
        ),
      );
      assert.ok(changes.some(({ what }) => what === "reviewflow.spendings"));
      assert.deepEqual(
        changes.filter(({ times }) => times !== 1),
        [],
      );
      const versions = Versions.parse(await database.query("SELECT version FROM reviewflow.schema_version"));
      assert.equal(versions.length, 1);
      await migrate(database);
      const again = Versions.parse(await database.query("SELECT version FROM reviewflow.schema_version"));
      assert.deepEqual(again, versions);
    });
  });
});
