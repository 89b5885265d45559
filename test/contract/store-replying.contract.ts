import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MergeRequestHistory } from "../../src/review/decide.ts";
import type { Claim } from "../../src/store/store.ts";
import {
  closing,
  nextNumber,
  queueRun,
  request,
  succeeded,
  until,
  untilState,
} from "../store/store-requests.ts";
import { type GetBench, retry } from "./store-bench.ts";

/** What answering notes relies on. */
export const replyingContract = (bench: GetBench): void => {
  describe("replying", () => {
    const ask = async (iid: number, key = `note-${nextNumber()}`): Promise<string> => {
      const outcome = await bench().store.accept(
        request({
          iid,
          key,
          decide: () => ({ kind: "reply", trigger: "note:mention", intent: { kind: "mention" } }),
        }),
      );
      if (outcome.kind !== "reply") throw new Error(`expected a reply, got ${outcome.kind}`);
      return outcome.runId;
    };

    test("a reply leaves reviews alone and is left alone by them, and by the end of the merge request", async () => {
      const iid = nextNumber();
      const first = await queueRun(bench().store, { iid, head: "a" });
      const reply = await ask(iid);
      const seen: MergeRequestHistory[] = [];
      const second = await bench().store.accept(
        request({
          iid,
          decide: (history) => {
            seen.push(history);
            return { kind: "review", headSha: "b", trigger: "new-commits" };
          },
        }),
      );
      assert.deepEqual(second.kind === "review" && second.superseded, [first]);
      assert.equal(seen[0]?.queued?.runId, first);
      assert.equal((await bench().store.getRun(reply))?.state, "queued");
      await bench().store.accept(closing({ iid }));
      assert.equal((await bench().store.getRun(reply))?.state, "queued");
      await bench().working(
        async () => succeeded,
        async () => void (await untilState(bench().store, reply, "succeeded")),
      );
      const after: MergeRequestHistory[] = [];
      await bench().store.accept(
        request({
          iid,
          decide: (history) => {
            after.push(history);
            return { kind: "ignore", reason: reasonOf("nothing-to-review") };
          },
        }),
      );
      assert.deepEqual(after[0]?.reviewedHeads, []);
      const run = await bench().store.getRun(reply);
      assert.equal(run?.kind, "reply");
      assert.equal(run?.trigger, "note:mention");
      assert.equal((await bench().store.getRun(first))?.kind, "review");
    });

    test("a delivery that comes again makes no second reply", async () => {
      const iid = nextNumber();
      const key = `note-${nextNumber()}`;
      await ask(iid, key);
      const again = await bench().store.accept(
        request({
          iid,
          key,
          decide: () => ({ kind: "reply", trigger: "note:mention", intent: { kind: "mention" } }),
        }),
      );
      assert.equal(again.kind, "duplicate");
    });

    test("replies on one merge request come one by one in their order, also when one has to wait", async () => {
      const iid = nextNumber();
      const replies = await Promise.all(Array.from({ length: 5 }, () => ask(iid)));
      const order: string[] = [];
      let active = 0;
      const handle = async ({ run }: Claim) => {
        if (run.iid !== iid) return succeeded;
        active += 1;
        assert.equal(active, 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active -= 1;
        if (run.id === replies[1] && run.attempts === 1) return retry(300);
        order.push(run.id);
        return succeeded;
      };
      await bench().working(handle, async () => {
        for (const id of replies) await untilState(bench().store, id, "succeeded");
      });
      assert.deepEqual(order, replies);
    });

    test("a review and a reply of one merge request are worked on side by side", async () => {
      const iid = nextNumber();
      const review = await queueRun(bench().store, { iid });
      const reply = await ask(iid);
      const active = new Set<string>();
      await bench().working(
        async ({ run }) => {
          active.add(run.id);
          if (run.iid === iid)
            await until(async () => active.has(review) && active.has(reply), "both active");
          return succeeded;
        },
        async () => {
          await untilState(bench().store, review, "succeeded");
          await untilState(bench().store, reply, "succeeded");
        },
      );
    });

    test("replies have places of their own, however many reviews wait", async () => {
      await using store = await (await bench().places.fresh()).open();
      const accept = (iid: number) =>
        store.accept(
          request({
            iid,
            decide: () => ({ kind: "reply", trigger: "note:mention", intent: { kind: "mention" } }),
          }),
        );
      for (let iid = 1; iid <= 5; iid += 1) await queueRun(store, { iid });
      const answered = Promise.withResolvers<void>();
      const order: string[] = [];
      const worker = await store.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ run }) => {
          // The one place of reviews is taken until the answer is given.
          if (run.kind === "review") await answered.promise;
          order.push(run.kind);
          if (run.kind === "reply") answered.resolve();
          return succeeded;
        },
      });
      await until(async () => (await store.queueStatus()).active === 1, "a review is worked on");
      const reply = await accept(9);
      if (reply.kind !== "reply") throw new Error(`expected a reply, got ${reply.kind}`);
      await untilState(store, reply.runId, "succeeded");
      await until(async () => (await store.countRuns()).succeeded === 6, "all is done");
      await worker.stop(1_000);
      assert.equal(order[0], "reply");
    });

    test("a pause that a flow remembers is told to whoever decides, until it is taken back", async () => {
      const iid = nextNumber();
      const remember = async (value: { readonly by: string } | null): Promise<MergeRequestHistory> => {
        const reply = await ask(iid);
        await bench().working(
          async ({ memory, run }) => {
            if (run.id === reply) await memory.write("paused", value);
            return succeeded;
          },
          async () => void (await untilState(bench().store, reply, "succeeded")),
        );
        const seen: MergeRequestHistory[] = [];
        await bench().store.accept(
          request({
            iid,
            decide: (history) => {
              seen.push(history);
              return { kind: "ignore", reason: reasonOf("nothing-to-review") };
            },
          }),
        );
        return seen[0] ?? assert.fail("not decided");
      };
      assert.equal((await remember({ by: "trainee" })).paused, true);
      assert.equal((await remember(null)).paused, undefined);
    });
  });
};
