import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { MergeRequestHistory } from "../../src/review/decide.ts";
import { nextNumber, queueRun, request, succeeded, untilState } from "../store/store-requests.ts";
import { failure, type GetBench } from "./store-bench.ts";

/** What intake relies on when it hands a delivery over. */
export const acceptingContract = (bench: GetBench): void => {
  describe("accepting", () => {
    test("keeps a delivery with its body byte for byte", async () => {
      for (const body of [
        Buffer.alloc(0),
        Buffer.from([0, 255, 254, 0, 10]),
        randomBytes(70_000),
        Buffer.alloc(90_000, "merge request "),
      ]) {
        const asked = request({ iid: nextNumber(), body });
        const outcome = await bench().store.accept({
          ...asked,
          delivery: { ...asked.delivery, eventName: "A\u0000B" },
        });
        assert.equal(outcome.kind, "review");
        const delivery = await bench().store.getDelivery(outcome.deliveryId);
        assert.ok(delivery);
        assert.equal(delivery.key, asked.delivery.key);
        assert.equal(delivery.eventName, "A\uFFFDB");
        assert.equal(delivery.receivedAtMs, asked.delivery.receivedAtMs);
        assert.deepEqual(delivery.headers, asked.delivery.headers);
        assert.equal(delivery.decision, "review");
        assert.deepEqual(delivery.reason, reasonOf("triggered", { trigger: "opened" }));
        assert.equal(delivery.repeats, 0);
        const kept = await bench().store.getDeliveryBody(outcome.deliveryId);
        assert.ok(kept && Buffer.compare(kept, body) === 0);
      }
    });

    test("keeps a body of 25 MB that cannot be compressed", async () => {
      const body = randomBytes(25 * 1024 * 1024);
      const { deliveryId } = await bench().store.accept(request({ iid: nextNumber(), body }));
      const kept = await bench().store.getDeliveryBody(deliveryId);
      assert.ok(kept && Buffer.compare(kept, body) === 0);
    });

    test("keeps what JSON can carry and jsonb cannot", async () => {
      const asked = request({ iid: nextNumber() });
      const event = { text: "a\u0000b\ud800", list: [1.5, null, true] };
      const outcome = await bench().store.accept({ ...asked, run: { flow: "classic", event, token: null } });
      assert.equal(outcome.kind, "review");
      assert.deepEqual((await bench().store.getRun(outcome.runId))?.event, event);
    });

    test("recognises a repeat, within a batch and later, and counts it", async () => {
      const iid = nextNumber();
      const asked = request({ iid, key: `same-${iid}` });
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => bench().store.accept(asked)));
      outcomes.push(await bench().store.accept(asked));
      assert.deepEqual(outcomes.map((outcome) => outcome.kind).toSorted(), [
        "duplicate",
        "duplicate",
        "duplicate",
        "duplicate",
        "review",
      ]);
      assert.equal(new Set(outcomes.map((outcome) => outcome.deliveryId)).size, 1);
      assert.equal((await bench().store.getDelivery(outcomes[0]?.deliveryId ?? ""))?.repeats, 4);
    });

    test("takes a key of any length", async () => {
      const long = request({ iid: nextNumber(), key: `${nextNumber()}${"k".repeat(20_000)}` });
      assert.equal((await bench().store.accept(long)).kind, "review");
      assert.equal((await bench().store.accept(long)).kind, "duplicate");
    });

    test("stores an event about no merge request", async () => {
      const asked = request({
        decide: () => ({ kind: "ignore", reason: reasonOf("event-not-reviewed", { event: "push" }) }),
      });
      const outcome = await bench().store.accept({
        ...asked,
        delivery: { ...asked.delivery, project: null, iid: null },
        run: null,
      });
      assert.equal(outcome.kind, "ignore");
      const delivery = await bench().store.getDelivery(outcome.deliveryId);
      assert.equal(delivery?.projectId, null);
      assert.deepEqual(delivery?.reason, reasonOf("event-not-reviewed", { event: "push" }));
      assert.equal(delivery?.runId, null);
    });

    test("lets a newer head take the place of a waiting run, within a batch too", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "a" });
      const [second, third] = await Promise.all([
        bench().store.accept(request({ iid, head: "b" })),
        bench().store.accept(request({ iid, head: "c" })),
      ]);
      assert.ok(second?.kind === "review" && third?.kind === "review");
      assert.deepEqual(second.superseded, [first]);
      assert.deepEqual(third.superseded, [second.runId]);
      const states = await Promise.all(
        [first, second.runId, third.runId].map(async (id) => (await bench().store.getRun(id))?.state),
      );
      assert.deepEqual(states, ["superseded", "superseded", "queued"]);
      const handled: (string | null)[] = [];
      await bench().working(
        async ({ run }) => {
          if (run.iid === iid) handled.push(run.headSha);
          return succeeded;
        },
        async () => void (await untilState(bench().store, third.runId, "succeeded")),
      );
      assert.deepEqual(handled, ["c"]);
    });

    test("tells decide what has been done, deciding anew for every delivery", async () => {
      const iid = nextNumber();
      const seen: MergeRequestHistory[] = [];
      const spy = request({
        iid,
        decide: (history) => {
          seen.push(history);
          return { kind: "ignore", reason: reasonOf("nothing-to-review") };
        },
      });
      const look = async (): Promise<MergeRequestHistory | undefined> => {
        await bench().store.accept({ ...spy, delivery: { ...spy.delivery, key: `look-${nextNumber()}` } });
        return seen.at(-1);
      };
      assert.deepEqual(await look(), { queued: null, active: null, reviewedHeads: [] });
      const first = await queueRun(bench().store, { iid, head: "a" });
      assert.deepEqual(await look(), {
        queued: { runId: first, headSha: "a" },
        active: null,
        reviewedHeads: [],
      });
      const gate = Promise.withResolvers<void>();
      await bench().working(
        async () => {
          await gate.promise;
          return { state: "partial-succeeded", reason: null, result: null, usage: NO_USAGE };
        },
        async () => {
          await untilState(bench().store, first, "active");
          const second = await queueRun(bench().store, { iid, head: "b" });
          assert.deepEqual(await look(), {
            queued: { runId: second, headSha: "b" },
            active: null,
            reviewedHeads: [],
          });
          gate.resolve();
          await untilState(bench().store, second, "partial-succeeded");
        },
      );
      assert.deepEqual(await look(), { queued: null, active: null, reviewedHeads: ["b", "a"] });
    });

    test("tells a decision which branches a head was reviewed against", async () => {
      const iid = nextNumber();
      const seen: MergeRequestHistory[] = [];
      const decide = (history: MergeRequestHistory) => {
        seen.push(history);
        return { kind: "ignore", reason: reasonOf("nothing-to-review") } as const;
      };
      await bench().working(
        async () => succeeded,
        async () => {
          for (const [head, target] of [
            ["a", "hers"],
            ["a", "main"],
            ["b", "hers\u0000\ud800"],
            ["c", undefined],
          ] as const) {
            const ask = { iid, head, ...(target === undefined ? {} : { target }) };
            await untilState(bench().store, await queueRun(bench().store, ask), "succeeded");
          }
        },
      );
      await bench().store.accept(request({ iid, decide }));
      const targets = Object.fromEntries(
        [...(seen[0]?.targets ?? [])].map(([head, names]) => [head, [...names].sort()]),
      );
      assert.deepEqual(targets["a"], ["hers", "main"]);
      assert.deepEqual(Object.keys(targets).sort(), ["a", "b"]);
    });

    test("what a run makes needless joins it, and what the run is really over counts from then on", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "claimed" });
      const event = { of: "the second" };
      const second = request({
        iid,
        decide: () => ({ kind: "ignore", reason: reasonOf("already-queued"), joins: "label" }),
      });
      await bench().store.accept({ ...second, run: { flow: "classic", event, token: null } });
      const seen: MergeRequestHistory[] = [];
      let joined: unknown[] = [];
      let others: MergeRequestHistory | null = null;
      await bench().working(
        async ({ journal, history, reviews }) => {
          await reviews({ headSha: "true", targetBranch: "main\u0000" });
          joined = [...(await journal.entries("joined:")).values()];
          others = await history();
          const decide = (known: MergeRequestHistory) => {
            seen.push(known);
            return { kind: "ignore", reason: reasonOf("nothing-to-review") } as const;
          };
          await bench().store.accept(request({ iid, decide }));
          return succeeded;
        },
        () => untilState(bench().store, first, "succeeded").then(() => undefined),
      );
      assert.deepEqual(joined, [{ trigger: "label", event }]);
      assert.deepEqual(others, { queued: null, active: null, reviewedHeads: [] });
      assert.deepEqual(seen[0]?.active, { runId: first, headSha: "true" });
      assert.equal((await bench().store.getRun(first))?.headSha, "true");
    });

    test("a request that cannot be stored does not sink its neighbours", async () => {
      const [good, thrown, refused, alsoGood] = await Promise.allSettled([
        bench().store.accept(request({ iid: nextNumber() })),
        bench().store.accept(
          request({
            iid: nextNumber(),
            decide: () => {
              throw new RangeError("no such event");
            },
          }),
        ),
        bench().store.accept(request({ iid: 1e30 })),
        bench().store.accept(request({ iid: nextNumber() })),
      ]);
      assert.equal(good?.status, "fulfilled");
      assert.equal(alsoGood?.status, "fulfilled");
      assert.ok(thrown?.status === "rejected" && thrown.reason instanceof RangeError);
      assert.ok(refused?.status === "rejected" && refused.reason instanceof StoreError);
    });

    test("a review without a merge request is refused by name", async () => {
      await assert.rejects(
        bench().store.accept({ ...request({ iid: nextNumber() }), run: null }),
        failure("review-without-run"),
      );
    });
  });
};
