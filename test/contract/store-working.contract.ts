import { verbatim } from "../../src/messages/message.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { StoreError } from "../../src/base/errors.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import type { Claim } from "../../src/store/store.ts";
import {
  nextNumber,
  queueRun,
  request,
  succeeded,
  until,
  untilAborted,
  untilState,
} from "../store/store-requests.ts";
import { type GetBench, retry } from "./store-bench.ts";

/** What a worker relies on. */
export const workingContract = (bench: GetBench): void => {
  describe("working", () => {
    test("hands over the run and keeps what it left behind", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber(), head: "abc" });
      const usage = { ...NO_USAGE, totalTokens: 7, totalPrice: 0.25 };
      const result = { noteId: 5, text: "\u0000" };
      const claims: Claim[] = [];
      await bench().working(
        async (claim) => {
          claims.push(claim);
          return {
            state: "partial-succeeded",
            reason: reasonOf("steps-failed", { steps: 1 }),
            result,
            usage,
          };
        },
        async () => void (await untilState(bench().store, runId, "partial-succeeded")),
      );
      assert.equal(claims.length, 1);
      assert.equal(claims[0]?.run.state, "active");
      assert.equal(claims[0]?.run.attempts, 1);
      assert.equal(claims[0]?.token, null);
      const run = await bench().store.getRun(runId);
      assert.deepEqual(run?.result, result);
      assert.deepEqual(run?.usage, usage);
      assert.deepEqual(run?.reason, reasonOf("steps-failed", { steps: 1 }));
      assert.ok(run.startedAtMs !== null && run.finishedAtMs !== null && run.finishedAtMs >= run.startedAtMs);
    });

    test("retries until the attempts are used up, and says why", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber() });
      let attempts = 0;
      await bench().working(
        async () => {
          attempts += 1;
          return retry();
        },
        async () => void (await untilState(bench().store, runId, "failed")),
      );
      assert.equal(attempts, 3);
      const run = await bench().store.getRun(runId);
      assert.equal(run?.attempts, 3);
      assert.equal(run?.reason?.code, "model-overloaded");
    });

    test("waits as long as the other side asks, and tells until when", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber() });
      const before = Date.now();
      await bench().working(
        async () => retry(3_600_000),
        async () => {
          const run = await untilState(bench().store, runId, "retrying");
          assert.ok((run.nextAttemptAtMs ?? 0) >= before + 3_600_000);
          assert.equal(run.reason?.code, "model-overloaded");
        },
      );
      assert.equal(
        await bench().store.cancelRun(runId, reasonOf("cancelled-by-user", { user: "ann" })),
        true,
      );
    });

    test("takes thrown errors for what they are", async () => {
      const cases = [
        {
          thrown: new StoreError(verbatim("cannot work"), { code: "no-way" }),
          state: "failed",
          reason: reasonOf("store-failed", { error: "no-way", detail: verbatim("cannot work") }),
          attempts: 1,
        },
        {
          thrown: new StoreError(verbatim("try again"), { code: "later", retryable: true, retryAfterMs: 1 }),
          state: "failed",
          reason: reasonOf("store-failed", { error: "later", detail: verbatim("try again") }),
          attempts: 3,
        },
        {
          thrown: new TypeError("x is undefined"),
          state: "failed",
          reason: reasonOf("unexpected-error", { detail: "x is undefined" }),
          attempts: 3,
        },
      ] as const;
      for (const { thrown, state, reason, attempts } of cases) {
        const runId = await queueRun(bench().store, { iid: nextNumber() });
        await bench().working(
          async () => {
            throw thrown;
          },
          async () => void (await untilState(bench().store, runId, state)),
        );
        const run = await bench().store.getRun(runId);
        assert.deepEqual(run?.reason, reason);
        assert.equal(run?.attempts, attempts);
      }
    });

    test("a newer head takes the place of a run that waits for its next attempt", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "a" });
      await bench().working(
        async ({ run }) => (run.headSha === "a" ? retry(3_600_000) : succeeded),
        async () => {
          await untilState(bench().store, first, "retrying");
          const second = await queueRun(bench().store, { iid, head: "b" });
          assert.equal((await bench().store.getRun(first))?.state, "superseded");
          await untilState(bench().store, second, "succeeded");
        },
      );
    });

    test("a run that fails while a newer head waits gives way, and the newer one keeps its attempts", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "a" });
      const gate = Promise.withResolvers<void>();
      let newerAttempts = 0;
      await bench().working(
        async ({ run }) => {
          if (run.headSha === "a") await gate.promise;
          else newerAttempts += 1;
          return run.headSha === "b" && newerAttempts === 3 ? succeeded : retry();
        },
        async () => {
          await untilState(bench().store, first, "active");
          const second = await queueRun(bench().store, { iid, head: "b" });
          gate.resolve();
          await untilState(bench().store, first, "superseded");
          await untilState(bench().store, second, "succeeded");
        },
      );
      assert.equal(newerAttempts, 3);
    });

    test("works on one run of a merge request at a time, and keeps to its limits", async () => {
      const projects = [nextNumber() + 1_000_000, nextNumber() + 1_000_000, nextNumber() + 1_000_000];
      const active = new Map<string, number>();
      const most = { total: 0, project: 0, mergeRequest: 0 };
      const enter = (name: string, by: number): number => {
        active.set(name, (active.get(name) ?? 0) + by);
        return active.get(name) ?? 0;
      };
      const ids: string[] = [];
      await bench().working(
        async ({ run }) => {
          const names = ["total", `p${run.projectId}`, `p${run.projectId}!${run.iid}`] as const;
          most.total = Math.max(most.total, enter(names[0], 1));
          most.project = Math.max(most.project, enter(names[1], 1));
          most.mergeRequest = Math.max(most.mergeRequest, enter(names[2], 1));
          await delay(5);
          for (const name of names) enter(name, -1);
          return succeeded;
        },
        async () => {
          for (let round = 0; round < 3; round += 1) {
            const asks = projects.flatMap((projectId) =>
              [1, 2, 3, 4].map((iid) => queueRun(bench().store, { projectId, iid, head: `${round}` })),
            );
            ids.push(...(await Promise.all(asks)));
            await delay(20);
          }
          await until(async () => {
            const counts = await bench().store.countRuns();
            return counts.queued + counts.active + counts.retrying === 0;
          }, "everything is worked off");
        },
        { concurrency: 5, perProject: 2 },
      );
      assert.ok(most.total <= 5 && most.total >= 2, `total ${most.total}`);
      assert.equal(most.project, 2);
      assert.equal(most.mergeRequest, 1);
      for (const id of ids)
        assert.match((await bench().store.getRun(id))?.state ?? "", /^(succeeded|superseded)$/);
    });

    test("an orderly stop lets a run finish", async () => {
      // A store of its own: another test's run would be taken first.
      await using store = await (await bench().places.fresh()).open();
      const runId = await queueRun(store, { iid: nextNumber() });
      const worker = await store.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ signal }) => {
          await delay(100);
          assert.equal(signal.aborted, false);
          return succeeded;
        },
      });
      await untilState(store, runId, "active");
      await worker.stop(5_000);
      assert.equal((await store.getRun(runId))?.state, "succeeded");
    });

    test("a stop whose patience ends hands a run back without counting the attempt", async () => {
      await using store = await (await bench().places.fresh()).open();
      const runId = await queueRun(store, { iid: nextNumber() });
      const worker = await store.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ signal }) => {
          await untilAborted(signal).catch(() => undefined);
          assert.ok(!(signal.reason instanceof RunCancelled));
          return { state: "handed-back" };
        },
      });
      await untilState(store, runId, "active");
      await worker.stop(20);
      const run = await store.getRun(runId);
      assert.equal(run?.state, "queued");
      assert.equal(run?.attempts, 0);
      const next = await store.work({ concurrency: 1, perProject: 1, handle: async () => succeeded });
      await untilState(store, runId, "succeeded");
      await next.stop(1_000);
    });

    test("a run with a quiet time waits for it, and gives way to a newer head that comes meanwhile", async () => {
      const iid = nextNumber();
      const push = (head: string, quietMs: number) =>
        bench().store.accept(
          request({
            iid,
            decide: () => ({ kind: "review", headSha: head, trigger: "new-commits", quietMs }),
          }),
        );
      const first = await push("a", 3_600_000);
      if (first.kind !== "review") throw new Error(`expected a review, got ${first.kind}`);
      const waiting = await bench().store.getRun(first.runId);
      assert.equal(waiting?.state, "queued");
      assert.ok((waiting?.nextAttemptAtMs ?? 0) > (waiting?.createdAtMs ?? 0));
      const heads: (string | null)[] = [];
      await bench().working(
        async ({ run }) => {
          heads.push(run.headSha);
          return succeeded;
        },
        async () => {
          const second = await push("b", 300);
          if (second.kind !== "review") throw new Error(`expected a review, got ${second.kind}`);
          assert.deepEqual(second.superseded, [first.runId]);
          await untilState(bench().store, second.runId, "succeeded");
        },
      );
      assert.deepEqual(heads, ["b"]);
    });
  });
};
