import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { MergeRequestHistory } from "../../src/review/decide.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import type { Claim } from "../../src/store/store.ts";
import {
  closing,
  nextNumber,
  queueRun,
  request,
  succeeded,
  untilAborted,
  untilState,
} from "../store/store-requests.ts";
import { failure, type GetBench, retry } from "./store-bench.ts";

/** What cancelling and the journal of a run promise. */
export const cancellingContract = (bench: GetBench): void => {
  describe("cancelling", () => {
    test("a close ends a waiting run", async () => {
      const iid = nextNumber();
      const runId = await queueRun(bench().store, { iid });
      const outcome = await bench().store.accept(closing({ iid }));
      assert.ok(outcome.kind === "cancel");
      assert.deepEqual(outcome.runIds, [runId]);
      const run = await bench().store.getRun(runId);
      assert.equal(run?.state, "cancelled");
      assert.equal(run?.reason?.code, "merge-request-closed");
      assert.notEqual(run?.finishedAtMs, null);
    });

    test("a close stops an active run with RunCancelled, and a reopening is reviewed anew", async () => {
      const iid = nextNumber();
      const runId = await queueRun(bench().store, { iid });
      const histories: MergeRequestHistory[] = [];
      let second = "";
      await bench().working(
        async ({ run, signal }) => {
          if (run.id !== runId) return succeeded;
          await untilAborted(signal).catch(() => delay(200));
          assert.ok(signal.reason instanceof RunCancelled);
          throw signal.reason;
        },
        async () => {
          await untilState(bench().store, runId, "active");
          await bench().store.accept(closing({ iid }));
          const reopened = await bench().store.accept(
            request({
              iid,
              decide: (history) => {
                histories.push(history);
                return { kind: "review", headSha: "head", trigger: "reopened" };
              },
            }),
          );
          assert.ok(reopened.kind === "review");
          second = reopened.runId;
          await untilState(bench().store, runId, "cancelled");
          await untilState(bench().store, second, "succeeded");
        },
      );
      assert.equal(histories[0]?.active, null);
      assert.equal((await bench().store.getRun(runId))?.reason?.code, "merge-request-closed");
    });

    test("a newer head stops the review of an older one, the same head does not", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "a" });
      let second = "";
      await bench().working(
        async ({ run, signal }) => {
          if (run.id !== first) return succeeded;
          await untilAborted(signal).catch(() => undefined);
          assert.ok(signal.reason instanceof RunCancelled);
          throw signal.reason;
        },
        async () => {
          await untilState(bench().store, first, "active");
          const same = await queueRun(bench().store, { iid, head: "a" });
          assert.equal((await bench().store.getRun(first))?.state, "active");
          second = await queueRun(bench().store, { iid, head: "b" });
          assert.equal((await bench().store.getRun(same))?.state, "superseded");
          await untilState(bench().store, first, "superseded");
          await untilState(bench().store, second, "succeeded");
        },
      );
      assert.equal((await bench().store.getRun(first))?.reason?.code, "newer-head");
    });

    test("by hand: waiting and active runs end, finished and unknown ones do not", async () => {
      const waiting = await queueRun(bench().store, { iid: nextNumber() });
      assert.equal(
        await bench().store.cancelRun(waiting, reasonOf("cancelled-by-user", { user: "ann" })),
        true,
      );
      assert.equal(
        await bench().store.cancelRun(waiting, reasonOf("cancelled-by-user", { user: "ann" })),
        false,
      );
      assert.equal(
        await bench().store.cancelRun(
          "5c6f8a1e-0000-7000-8000-000000000000",
          reasonOf("cancelled-by-user", { user: "ann" }),
        ),
        false,
      );
      assert.equal(
        await bench().store.cancelRun("no id", reasonOf("cancelled-by-user", { user: "ann" })),
        false,
      );
      const active = await queueRun(bench().store, { iid: nextNumber() });
      await bench().working(
        ({ signal }) => untilAborted(signal),
        async () => {
          await untilState(bench().store, active, "active");
          assert.equal(
            await bench().store.cancelRun(active, reasonOf("cancelled-by-user", { user: "a\u0000nn" })),
            true,
          );
          assert.deepEqual(
            (await untilState(bench().store, active, "cancelled")).reason,
            reasonOf("cancelled-by-user", { user: "a\u0000nn" }),
          );
        },
      );
    });

    test("a review that is finished all the same counts as one", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber() });
      const gate = Promise.withResolvers<void>();
      await bench().working(
        async () => {
          await gate.promise;
          return succeeded;
        },
        async () => {
          await untilState(bench().store, runId, "active");
          await bench().store.cancelRun(runId, reasonOf("cancelled-by-user", { user: "ann" }));
          gate.resolve();
          await untilState(bench().store, runId, "succeeded");
        },
      );
    });
  });

  describe("the journal", () => {
    test("keeps entries in order, any value, over attempts, and apart from other runs", async () => {
      const ids = [
        await queueRun(bench().store, { iid: nextNumber() }),
        await queueRun(bench().store, { iid: nextNumber() }),
      ];
      const seen = new Map<string, unknown>();
      await bench().working(
        async ({ run, journal }) => {
          if (run.attempts === 1) {
            await journal.write("b/1", null);
            await journal.write("a\u0000\\0", [run.id, "\u0000"]);
            await journal.write("b/2", { n: 1.5 });
            await journal.write("b/1", "replaced");
            await journal.write("b", true);
            return retry();
          }
          seen.set(run.id, [
            await journal.read("a\u0000\\0"),
            await journal.read("nothing"),
            [...(await journal.entries("b/"))],
            [...(await journal.entries("")).keys()],
          ]);
          return succeeded;
        },
        async () => {
          for (const id of ids) await untilState(bench().store, id, "succeeded");
        },
      );
      for (const id of ids) {
        assert.deepEqual(seen.get(id), [
          [id, "\u0000"],
          undefined,
          [
            ["b/1", "replaced"],
            ["b/2", { n: 1.5 }],
          ],
          ["b/1", "a\u0000\\0", "b/2", "b"],
        ]);
      }
    });

    test("is closed to those who have settled", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber() });
      const claims: Claim[] = [];
      await bench().working(
        async (claim) => {
          claims.push(claim);
          return succeeded;
        },
        async () => void (await untilState(bench().store, runId, "succeeded")),
      );
      await assert.rejects(async () => claims[0]?.journal.write("late", 1), failure("claim-lost"));
    });
  });
};
