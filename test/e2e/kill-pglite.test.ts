import assert from "node:assert/strict";
import { test } from "node:test";
import { killAtRandom } from "./kill.contract.ts";

test("kill -9 at random points of 100 runs, embedded: nothing accepted is lost, nothing is said twice", async (context) => {
  const report = await killAtRandom({
    environment: {},
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
});
