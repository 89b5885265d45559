import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reasonOf } from "../../src/base/reason.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { message, verbatim } from "../../src/messages/message.ts";
import type { NoticeCause, NoticeStore } from "../../src/store/notices/notice-store.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import type { Settlement } from "../../src/store/store.ts";
import { nextNumber, queueRun, succeeded, untilState } from "../store/store-requests.ts";
import type { GetBench } from "./store-bench.ts";

const HOURS = 3_600_000;

const cause = (key: string, lasts = true): NoticeCause => ({
  key,
  event: "parked",
  lasts,
  facts: { about: key },
});

const states = async (notices: NoticeStore): Promise<readonly string[]> => {
  const taken = await notices.take(50, 60_000);
  for (const { id } of taken) await notices.sent(id);
  return taken.map(({ channel, state, facts }) => `${channel} ${state} ${JSON.stringify(facts)}`).toSorted();
};

/** What operators are told: once a cause, by whichever instance, and until it has arrived. */
export const noticesContract = (bench: GetBench): void => {
  const inStore = async (work: (store: OpenedStore, other: OpenedStore) => Promise<void>): Promise<void> => {
    const place = await bench().places.fresh();
    await using store = await place.open({});
    if ("dataDir" in place.database) return await work(store, store);
    await using other = await place.open({});
    await work(store, other);
  };

  describe("notices", () => {
    test("tell a channel of the beginning and the end of a cause, once", () =>
      inStore(async ({ notices }) => {
        await notices.sync("ops", [cause("a")], 6 * HOURS);
        await notices.sync("ops", [cause("a")], 6 * HOURS);
        assert.deepEqual(await states(notices), ['ops open {"about":"a"}']);
        await notices.sync("ops", [], 6 * HOURS);
        await notices.sync("ops", [], 6 * HOURS);
        assert.deepEqual(await states(notices), ['ops over {"about":"a"}']);
      }));

    test("say nothing of a cause that comes and goes within the quiet time, and of its end neither", () =>
      inStore(async ({ notices }) => {
        await notices.sync("ops", [cause("a")], 6 * HOURS);
        await notices.sync("ops", [], 6 * HOURS);
        assert.equal((await states(notices)).length, 2);
        await notices.sync("ops", [cause("a")], 6 * HOURS);
        await notices.sync("ops", [], 6 * HOURS);
        await notices.sync("ops", [cause("a")], 6 * HOURS);
        assert.deepEqual(await states(notices), []);
        // After the quiet time what is still so is told of, and then its end.
        await notices.sync("ops", [cause("a")], 0);
        await notices.sync("ops", [], 6 * HOURS);
        assert.deepEqual(await states(notices), ['ops open {"about":"a"}', 'ops over {"about":"a"}']);
      }));

    test("tell each channel by itself, and of what has no end once and for all", () =>
      inStore(async ({ notices }) => {
        await notices.sync("ops", [cause("a"), cause("f", false)], 0);
        await notices.sync("team", [cause("f", false)], 0);
        await notices.sync("team", [cause("f", false)], 0);
        await notices.sync("team", [], 0);
        assert.deepEqual(await states(notices), [
          'ops once {"about":"f"}',
          'ops open {"about":"a"}',
          'team once {"about":"f"}',
        ]);
      }));

    test("are made once when several instances see the same cause at the same moment", () =>
      inStore(async (store, other) => {
        await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            (index % 2 === 0 ? store : other).notices.sync("ops", [cause("a"), cause("b")], 6 * HOURS),
          ),
        );
        assert.equal((await states(other.notices)).length, 2);
      }));

    test("are taken by one at a time, wait after a failure, and are shown until they arrive", () =>
      inStore(async (store, other) => {
        await store.notices.sync("ops", [cause("a"), cause("b")], 6 * HOURS);
        const both = await Promise.all([store.notices.take(50, 60_000), other.notices.take(50, 60_000)]);
        const taken = both.flat();
        assert.equal(taken.length, 2);
        assert.equal(new Set(taken.map(({ id }) => id)).size, 2);
        const [first, second] = taken;
        const problem = message("notify.smtp-missing");
        await store.notices.failed(first?.id ?? "", verbatim("HTTP 500"), 60_000);
        await store.notices.failed(second?.id ?? "", problem, null);
        assert.deepEqual(await other.notices.take(50, 60_000), []);
        const [trouble] = await other.notices.listTroubles();
        assert.deepEqual(
          [trouble?.channel, trouble?.waiting, trouble?.lost, trouble?.problem],
          ["ops", 1, 1, problem],
        );
        await store.notices.failed(first?.id ?? "", verbatim("HTTP 500"), 0);
        const [again] = await other.notices.take(50, 60_000);
        assert.deepEqual([again?.id, again?.attempts], [first?.id, 2]);
        await other.notices.sent(again?.id ?? "");
        await other.notices.sent(second?.id ?? "");
        assert.deepEqual(await store.notices.listTroubles(), []);
      }));

    test("know which reviews failed for good since their flow's last review", () =>
      inStore(async (store) => {
        const failing = { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE } as const;
        let settlement: Settlement = failing;
        const worker = await store.work({ handle: async () => settlement, concurrency: 2, perProject: 2 });
        const [one, two] = [
          await queueRun(store, { iid: nextNumber() }),
          await queueRun(store, { iid: nextNumber() }),
        ];
        await untilState(store, one, "failed");
        await untilState(store, two, "failed");
        const never = { sinceMs: 0, freshMs: Date.now() + HOURS };
        const [failed, ...others] = await store.notices.failedReviews(never);
        assert.deepEqual(others, []);
        assert.equal(failed?.reason.code, "flow-failed");
        assert.deepEqual(new Set(failed?.places.map(({ runId }) => runId)), new Set([one, two]));
        settlement = succeeded;
        const three = await queueRun(store, { iid: nextNumber() });
        await untilState(store, three, "succeeded");
        assert.deepEqual(await store.notices.failedReviews(never), []);
        const fresh = { sinceMs: 0, freshMs: 0 };
        assert.equal((await store.notices.failedReviews(fresh))[0]?.places.length, 2);
        await worker.stop(1_000);
      }));
  });
};
