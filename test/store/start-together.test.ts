import assert from "node:assert/strict";
import { test } from "node:test";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { createPostgresPlaces } from "./store-places.ts";
import { queueRun } from "./store-requests.ts";

test("five instances that start at once on an empty database, and again on one with data, all open it", async (context) => {
  const server = await startPostgres();
  if (server === null) return context.skip(POSTGRES_MISSING);
  try {
    const place = await createPostgresPlaces(server).fresh();
    for (const expected of [5, 10]) {
      const stores = await Promise.all(Array.from({ length: 5 }, () => place.open({ maxConnections: 3 })));
      for (const [index, store] of stores.entries()) await queueRun(store, { iid: expected * 100 + index });
      for (const store of stores) assert.equal((await store.queueStatus()).queued, expected);
      await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
    }
  } finally {
    await server.stop();
  }
});
