import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "../store/postgres-server.ts";
import { killAtRandom } from "./kill.contract.ts";

test("kill -9 at random points of 100 runs, on PostgreSQL: nothing accepted is lost, nothing is said twice", async (context) => {
  const postgres = await startPostgres();
  if (postgres === null) return context.skip("PostgreSQL is not installed");
  try {
    const environment = { DATABASE_URL: postgres.url };
    const report = await killAtRandom({
      environment,
      mergeRequests: 100,
      lifeMs: 2_000,
      random: Math.random,
    });
    context.diagnostic(`${report.kills} kills, ${report.accepted} deliveries accepted`);
    assert.deepEqual(
      report.notes.filter(({ count }) => count !== 1),
      [],
    );
    assert.ok(report.kills >= 5 && report.accepted >= 100, "the server was killed in the middle of it");
    assert.ok(!report.output.includes(report.token), "no log line holds the token");
  } finally {
    await postgres.stop();
  }
});
