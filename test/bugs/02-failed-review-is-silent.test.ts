import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { eventually } from "../e2e/team.ts";
import { startFailingFront } from "../faults/failing-front.ts";
import { KEYS, openOutageWorld, untilWaiting } from "../faults/outage-world.ts";

suite("a review whose model refuses the key", () => {
  test("is parked at the first refusal, with what it waits for, and made when the key is right", async () => {
    await using world = await openOutageWorld();
    const { team, model } = world;
    const mergeRequests = [];
    {
      await using reviewflow = await world.start("wrong");
      const { store } = reviewflow;
      for (const topic of ["a", "b", "c", "d", "e", "f"])
        mergeRequests.push(await team.openMergeRequest(topic));
      await eventually("all are parked", async () =>
        (await store.queueStatus()).parked === mergeRequests.length ? true : undefined,
      );
      const run = await untilWaiting(store);
      assert.deepEqual([run.waitingFor?.kind, run.waitingFor?.name, run.attempts], ["model", "main", 0]);
      const [outage, ...others] = await store.outages.list();
      assert.deepEqual([outage?.state, outage?.reason.code, others], ["parked", "model-refused", []]);
      assert.equal(model.chatCount(), 1, "asked once, not once a run, an attempt and a part");
      // One who presses the button without a change learns so by one more call.
      assert.equal(await store.outages.resume({ kind: "model", name: "main" }), true);
      await eventually("parked again", async () =>
        model.chatCount() === 2 && (await store.outages.list())[0]?.state === "parked" ? true : undefined,
      );
    }
    await using reviewflow = await world.start("right");
    for (const mergeRequest of mergeRequests)
      await eventually("its review", async () =>
        (await world.summaries(mergeRequest)) === 1 ? true : undefined,
      );
    await eventually("nothing is away", async () =>
      (await reviewflow.store.outages.list()).length === 0 ? true : undefined,
    );
    await eventually("all are settled", async () =>
      (await reviewflow.store.countRuns()).succeeded === mergeRequests.length ? true : undefined,
    );
    const runs = await reviewflow.store.listRuns({ limit: 20 });
    assert.deepEqual(
      runs.map(({ state, attempts }) => [state, attempts]),
      runs.map(() => ["succeeded", 1]),
    );
  });
});

suite("a review whose model refuses the key when only the walk-through is missing", () => {
  test("is published without it and asked for no more; the model's queue is parked", async () => {
    await using world = await openOutageWorld();
    const { team, model } = world;
    await using front = await startFailingFront(new URL(model.url).origin);
    const main = {
      model: "stand-in",
      base_url: `${front.url}/v1`,
      api_key: KEYS.right,
      context_window: 32_768,
    };
    await using reviewflow = await world.start("right", { models: { main } });
    const { store } = reviewflow;
    const chats = (): number => front.whole.filter(({ path }) => path.endsWith("/chat/completions")).length;
    // Its review is answered.
    await front.set("wrong key", 1);
    const first = await team.openMergeRequest("a");
    await eventually("its queue is parked", async () =>
      (await store.outages.list())[0]?.state === "parked" ? true : undefined,
    );
    const [run] = await store.listRuns({ limit: 5 });
    assert.deepEqual([run?.state, run?.reason?.code], ["partial-succeeded", "walkthrough-failed"]);
    assert.equal(await world.summaries(first), 1);
    const second = await team.openMergeRequest("b");
    await eventually("the next one waits", async () =>
      (await store.queueStatus()).parked === 1 ? true : undefined,
    );
    assert.deepEqual([chats(), front.struck()], [1, 1]);
    await front.set(null);
    assert.equal(await store.outages.resume({ kind: "model", name: "main" }), true);
    await eventually("the next one's review", async () =>
      (await store.countRuns()).succeeded === 1 ? true : undefined,
    );
    assert.equal((await store.listRuns({ limit: 5 })).length, 2, "no further run for the first head");
    assert.deepEqual([await world.summaries(first), await world.summaries(second)], [1, 1]);
    assert.equal(chats(), 3);
  });
});
