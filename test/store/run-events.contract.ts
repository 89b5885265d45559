import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { MAX_RUN_EVENTS, type NewRunEvent } from "../../src/store/run-event.ts";
import type { Claim } from "../../src/store/store.ts";
import type { Place, Places } from "./store-places.ts";
import { nextNumber, queueRun, succeeded, until, untilState } from "./store-requests.ts";

const NODE = { nodeId: "n", nodeType: "llm", title: "Ask", container: null };

/** An event that can be told from others by its text. */
const eventNamed = (text: string): NewRunEvent => ({
  atMs: 5,
  callId: "c",
  kind: "node-started",
  node: { ...NODE, title: text },
  inputs: { text },
});

/** Works on a new run until it has succeeded; returns its id and its claim, which is over by then. */
const workOn = async (
  store: OpenedStore,
  handle: (claim: Claim) => Promise<void>,
): Promise<{ readonly runId: string; readonly claim: Claim }> => {
  const runId = await queueRun(store, { iid: nextNumber() });
  let claim: Claim | undefined;
  const worker = await store.work({
    concurrency: 1,
    perProject: 1,
    handle: async (taken) => {
      claim = taken;
      await handle(taken);
      return succeeded;
    },
  });
  await untilState(store, runId, "succeeded");
  await worker.stop(0);
  return { runId, claim: claim ?? assert.fail("not claimed") };
};

const titles = async (store: OpenedStore, runId: string, after = 0, limit?: number) =>
  (await store.listRunEvents(runId, { after, ...(limit === undefined ? {} : { limit }) })).map((event) =>
    "node" in event ? event.node.title : event.kind,
  );

/** What is promised of the events of runs, whichever database keeps them. */
export const runEventsContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`events of runs: ${name}`, () => {
    let places: Places | undefined;
    let place: Place | undefined;
    let opened: OpenedStore | undefined;
    const store = (): OpenedStore => opened ?? assert.fail("not open yet");

    before(async () => {
      places = await createPlaces();
      place = await places.fresh();
      opened = await place.open();
    });
    after(async () => {
      await opened?.[Symbol.asyncDispose]();
      places?.remove();
    });

    test("come back as they were, in their order, from where a reader was", async () => {
      const odd = "\u0000 \ud800 \u{1f600} \"'";
      const { runId } = await workOn(store(), async ({ record }) => {
        assert.equal(await record(["a", "b", odd].map(eventNamed)), 3);
        assert.equal(await record([eventNamed("d")]), 4);
        assert.equal(await record([]), 4);
      });
      const all = await store().listRunEvents(runId, { after: 0 });
      assert.deepEqual(
        all,
        ["a", "b", odd, "d"].map((text, index) => ({ ...eventNamed(text), seq: all[index]?.seq })),
      );
      const seqs = all.map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].toSorted((one, other) => one - other),
      );
      assert.deepEqual(await titles(store(), runId, seqs[1]), [odd, "d"]);
      assert.deepEqual(await titles(store(), runId, seqs[0], 2), ["b", odd]);
      assert.deepEqual(await titles(store(), runId, seqs[3]), []);
    });

    test("belong to their run alone; an id that is none has no events", async () => {
      const one = await workOn(store(), async ({ record }) => void (await record([eventNamed("one")])));
      const other = await workOn(store(), async ({ record }) => void (await record([eventNamed("other")])));
      assert.deepEqual(await titles(store(), one.runId), ["one"]);
      assert.deepEqual(await titles(store(), other.runId), ["other"]);
      assert.deepEqual(await titles(store(), "none"), []);
      assert.deepEqual(await titles(store(), one.runId, Number.NaN), []);
    });

    test("may come after the settlement", async () => {
      const { runId, claim } = await workOn(store(), async () => undefined);
      assert.equal(await claim.record([eventNamed("late")]), 1);
      assert.deepEqual(await titles(store(), runId), ["late"]);
    });

    test("stop at the limit of a run", async () => {
      const { runId, claim } = await workOn(store(), async () => undefined);
      const many = Array.from({ length: MAX_RUN_EVENTS - 1 }, (_, index) => eventNamed(`${index}`));
      assert.equal(await claim.record(many), MAX_RUN_EVENTS - 1);
      assert.equal(await claim.record([eventNamed("last"), eventNamed("too many")]), MAX_RUN_EVENTS);
      assert.equal(await claim.record([eventNamed("too many")]), MAX_RUN_EVENTS);
      const kept = await titles(store(), runId);
      assert.deepEqual(kept.slice(-2), [`${MAX_RUN_EVENTS - 2}`, "last"]);
    });

    test("are told at once to those who watch in this process, until they stop", async () => {
      const { runId, claim } = await workOn(store(), async () => undefined);
      let told = 0;
      const stop = store().watchRunEvents(runId, () => (told += 1));
      const stopOther = store().watchRunEvents("another", () => assert.fail("another run"));
      await claim.record([eventNamed("a")]);
      assert.equal(told, 1);
      stop();
      await claim.record([eventNamed("b")]);
      assert.equal(told, 1);
      stopOther();
    });

    test("go thirty days after the end of their run, with the other housekeeping", async () => {
      let aheadMs = 0;
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
      const kept = await places?.fresh();
      await using other = (await kept?.open({ clock, maintenanceIntervalMs: 100 })) ?? assert.fail();
      const { runId, claim } = await workOn(
        other,
        async ({ record }) => void (await record([eventNamed("a")])),
      );
      await claim.record([eventNamed("b")]);
      aheadMs = 29 * 86_400_000;
      const { runId: younger } = await workOn(
        other,
        async ({ record }) => void (await record([eventNamed("c")])),
      );
      aheadMs = 31 * 86_400_000;
      await until(async () => (await titles(other, runId)).length === 0, "the old events are gone");
      assert.deepEqual(await titles(other, younger), ["c"]);
    });
  });
};
