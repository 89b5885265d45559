import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "../store/postgres-server.ts";
import { livesOf, randomOf, seedOf } from "../seeded.ts";
import { killAtRandom } from "./kill.contract.ts";

const KILLS = livesOf(5);

test("kill -9 at random points of the work, on PostgreSQL: nothing accepted is lost, nothing is said twice", async (context) => {
  const postgres = await startPostgres();
  if (postgres === null) return context.skip("PostgreSQL is not installed");
  try {
    const environment = { DATABASE_URL: postgres.url };
    const report = await killAtRandom({ environment, kills: KILLS, random: randomOf(seedOf(context)) });
    context.diagnostic(`${KILLS} kills, ${report.accepted} deliveries accepted`);
    assert.deepEqual(
      report.notes.filter(({ count }) => count !== 1),
      [],
    );
    assert.ok(report.accepted >= 2 * KILLS, "the servers were killed in the middle of it");
    assert.ok(!report.output.includes(report.token), "no log line holds the token");
  } finally {
    await postgres.stop();
  }
});
