import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Database } from "../../src/store/database.ts";
import { createRateLimits, forgetOldRateLimits } from "../../src/store/rate-limits/rate-limits.ts";
import { startPostgres } from "./postgres-server.ts";
import {
  createPostgresPlaces,
  createSqlitePlaces,
  openDatabase,
  type Place,
  type Places,
  query,
} from "./store-places.ts";
import { until } from "./store-requests.ts";

/** The database of a place whose tables are made. */
const openMigrated = async (place: Place): Promise<Database> => {
  await (await place.open())[Symbol.asyncDispose]();
  return openDatabase(place);
};

const limitsContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`rate limits: ${name}`, () => {
    test("are one for all who ask", async () => {
      const places = await createPlaces();
      const database = await openMigrated(await places.fresh());
      const limits = createRateLimits(database);
      try {
        assert.deepEqual(await limits.take("none", { perMinute: null, wanted: 7 }), {
          granted: 7,
          nextMs: 0,
          heldMs: 0,
        });

        assert.equal((await limits.take("slow", { perMinute: 1, wanted: 5 })).granted, 1);
        const { granted, nextMs } = await limits.take("slow", { perMinute: 1, wanted: 5 });
        assert.equal(granted, 0);
        assert.ok(nextMs > 0 && nextMs <= 60_000, `the next in ${nextMs} ms`);

        const startedMs = Date.now();
        const asked = Array.from({ length: 20 }, () =>
          limits.take("fast", { perMinute: 6_000, wanted: 100 }),
        );
        const sum = (await Promise.all(asked)).reduce((total, one) => total + one.granted, 0);
        // A burst of ten seconds, and what came meanwhile.
        const most = 1_000 + 1 + ((Date.now() - startedMs + 1_000) * 6_000) / 60_000;
        assert.ok(sum >= 1_000 && sum <= most, `${sum} permits, at most ${most}`);

        await limits.holdOff("none", 60_000);
        await limits.holdOff("none", 10);
        await limits.holdOff("fast", 60_000);
        for (const [held, perMinute] of [
          ["none", null],
          ["fast", 6_000],
        ] as const) {
          const { heldMs, ...rest } = await limits.take(held, { perMinute, wanted: 3 });
          assert.ok(heldMs > 0 && heldMs <= 60_000, `${held} held for ${heldMs} ms`);
          assert.deepEqual(rest, { granted: 0, nextMs: 0 });
        }
        assert.equal((await limits.take("another", { perMinute: null, wanted: 3 })).granted, 3);

        await limits.holdOff("old", 1);
        await database.script(
          "UPDATE reviewflow.rate_limits SET paused_until = paused_until - 864000000 WHERE name = 'old'",
        );
        await forgetOldRateLimits(database);
        const names = await query(database, "SELECT name FROM reviewflow.rate_limits ORDER BY name");
        assert.deepEqual(names, [{ name: "fast" }, { name: "none" }, { name: "slow" }]);
      } finally {
        await database.close();
        places.remove();
      }
    });
  });
};

limitsContract("SQLite in a folder", createSqlitePlaces);

const server = await startPostgres();
if (server !== null) {
  after(() => server.stop());
  limitsContract("PostgreSQL on a server", async () => createPostgresPlaces(server));

  test("who is told to wait by the other side tells all other instances at once", async () => {
    const place = await createPostgresPlaces(server).fresh();
    await using one = await place.open();
    await using two = await place.open();
    const name = "gitlab https://gitlab.example.com abc";
    const gates = [one, two].map((store) => store.callGateOf(name, null));
    for (const gate of gates) assert.equal((await gate.pass({ maxWaitMs: 0 })).kind, "go");
    gates[0]?.holdOff(3_600_000);
    for (const gate of gates) {
      const waitMs = await until(async () => {
        const passed = await gate.pass({ maxWaitMs: 1_000 });
        return passed.kind === "later" && passed.waitMs;
      }, "the gate to close");
      assert.ok(waitMs > 3_000_000 && waitMs <= 3_600_000, String(waitMs));
    }
    assert.equal((await two.callGateOf("gitlab other", null).pass({ maxWaitMs: 0 })).kind, "go");
  });
}
