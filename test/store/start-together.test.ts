import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { z } from "zod";
import type { Database } from "../../src/store/database.ts";
import { migrate, NEWEST_SCHEMA, readSchemaVersion } from "../../src/store/migrations.ts";
import type { OpenedStore, StoreOptions } from "../../src/store/open-store.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { createPostgresPlaces, openDatabase, type Place, query } from "./store-places.ts";
import { queueRun } from "./store-requests.ts";

const server = await startPostgres();
const skip = server === null && POSTGRES_MISSING;
const freshPlace = async (): Promise<Place> =>
  createPostgresPlaces(server ?? assert.fail(POSTGRES_MISSING)).fresh();

const openFive = (place: Place, options: Partial<StoreOptions> = {}): Promise<readonly OpenedStore[]> =>
  Promise.all(Array.from({ length: 5 }, () => place.open({ maxConnections: 3, ...options })));

const closeAll = (stores: readonly OpenedStore[]): Promise<unknown> =>
  Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));

const withDatabase = async <T>(place: Place, work: (database: Database) => Promise<T>): Promise<T> => {
  const database = await openDatabase(place);
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

  test("let one of them make the tables, once, and leave them alone afterwards", async () => {
    const place = await freshPlace();
    await withDatabase(place, (database) => database.script(COUNT_CHANGES));
    for (let start = 0; start < 2; start += 1) await closeAll(await openFive(place));
    await withDatabase(place, async (database) => {
      const changes = Changes.parse(
        await query(
          database,
          "SELECT what, tag, count(*) AS times FROM public.changes WHERE tag LIKE 'CREATE %' GROUP BY what, tag",
        ),
      );
      assert.ok(changes.some(({ what }) => what === "reviewflow.spendings"));
      assert.deepEqual(
        changes.filter(({ times }) => times !== 1),
        [],
      );
      assert.equal(await readSchemaVersion(database), NEWEST_SCHEMA);
      await migrate(database);
      assert.equal((await query(database, "SELECT version FROM reviewflow.schema_version")).length, 1);
    });
  });
});
