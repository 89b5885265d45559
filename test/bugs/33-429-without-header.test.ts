import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { eventually } from "../e2e/team.ts";
import { openOutageWorld, untilWaiting } from "../faults/outage-world.ts";

const asks = (pause: string) =>
  ({ kind: "status", status: 429, message: `Rate limit reached. Please try again in ${pause}.` }) as const;

suite("a 429 that says how long to wait in its text alone", () => {
  test("is waited for: no attempt and no further call is spent meanwhile", async () => {
    await using world = await openOutageWorld();
    const { team, model } = world;
    await using reviewflow = await world.start("right");
    const { store } = reviewflow;
    model.fail(asks("2h10m"), asks("1h"));
    await team.openMergeRequest("cart");
    const waiting = await untilWaiting(store);
    assert.deepEqual([waiting.waitingFor?.name, waiting.attempts], ["main", 0]);
    const leftMs = (waiting.nextAttemptAtMs ?? 0) - Date.now();
    assert.ok(leftMs > 7_500_000 && leftMs <= 7_800_000, `waits for ${leftMs} ms`);
    assert.equal(model.chatCount(), 1);
    const [outage] = await store.outages.list();
    assert.equal(outage?.state, "away");
  });

  test("a short one is borne by the call itself", async () => {
    await using world = await openOutageWorld();
    const { team, model } = world;
    await using reviewflow = await world.start("right");
    model.fail(asks("30ms"), asks("30ms"));
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("its review", async () =>
      (await world.summaries(mergeRequest)) === 1 ? true : undefined,
    );
    const run = await eventually("its end", async () =>
      (await reviewflow.store.listRuns({ limit: 5, state: "succeeded" })).at(0),
    );
    assert.deepEqual([run.attempts, run.waits], [1, 0]);
    assert.ok(model.chatCount() <= 4, `${model.chatCount()} calls`);
  });
});
