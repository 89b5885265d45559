import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { Store } from "../../src/store/store.ts";
import {
  nextNumber,
  queueRun,
  request,
  succeeded,
  untilAborted,
  untilState,
} from "../store/store-requests.ts";
import { failure, type GetBench, retry } from "./store-bench.ts";

/** What is kept, shown, and hidden. */
export const keepingContract = (bench: GetBench): void => {
  test("runs a finished run again, with a fresh journal, unless one is under way", async () => {
    const iid = nextNumber();
    const first = await queueRun(bench().store, { iid, head: "a" });
    assert.equal(await bench().store.runAgain(first), null);
    const journals: unknown[] = [];
    let again = "";
    await bench().working(
      async ({ run, journal }) => {
        journals.push(await journal.read("step"));
        await journal.write("step", run.id);
        return run.id === first
          ? { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE }
          : succeeded;
      },
      async () => {
        await untilState(bench().store, first, "failed");
        again = (await bench().store.runAgain(first)) ?? "";
        const run = await untilState(bench().store, again, "succeeded");
        assert.equal(run.headSha, "a");
        assert.equal(run.trigger, "run-again");
      },
    );
    assert.deepEqual(journals, [undefined, undefined]);
    assert.equal((await bench().store.getRun(first))?.state, "failed");
    assert.equal(await bench().store.runAgain("5c6f8a1e-0000-7000-8000-000000000000"), null);
    assert.equal(await bench().store.runAgain("no id"), null);
  });

  describe("tokens", () => {
    test("come back with the claim of every attempt and go with the run", async () => {
      const runId = await queueRun(bench().store, { iid: nextNumber(), token: "glpat-come-back" });
      const tokens: (string | undefined)[] = [];
      await bench().working(
        async ({ run, token }) => {
          tokens.push(token?.reveal());
          return run.attempts === 1 ? retry() : succeeded;
        },
        async () => void (await untilState(bench().store, runId, "succeeded")),
      );
      assert.deepEqual(tokens, ["glpat-come-back", "glpat-come-back"]);
      let again: unknown = "not run";
      const second = await bench().store.runAgain(runId);
      await bench().working(
        async ({ token }) => {
          again = token;
          return succeeded;
        },
        async () => void (await untilState(bench().store, second ?? "", "succeeded")),
      );
      assert.equal(again, null);
    });

    test("are refused without a key, by the name of the setting", async () => {
      const other = await bench().places.fresh();
      await using keyless = await other.open();
      await assert.rejects(
        keyless.accept(request({ token: "glpat-x" })),
        (error) =>
          failure("encryption-key-missing")(error) && /REVIEWFLOW_ENCRYPTION_KEY/.test(String(error)),
      );
      assert.equal((await keyless.accept(request({}))).kind, "review");
    });

    test("lie on the disk only encrypted, and an unknown key fails the run", async () => {
      const other = await bench().places.fresh();
      const token = `glpat-${randomBytes(12).toString("hex")}`;
      const visible = "a-text-that-is-found";
      const first = await other.open({ tokenKeys: [bench().key] });
      const readable = await queueRun(first, { iid: 1, token, body: Buffer.from(visible) });
      await first[Symbol.asyncDispose]();
      const disk = other.dump();
      const holds = (text: string): boolean =>
        disk.some((file) => file.includes(text) || file.includes(Buffer.from(text).toString("hex")));
      assert.ok(holds(visible), "the dump shows what is not encrypted");
      assert.ok(!holds(token), "the token is nowhere");

      const newKey = randomBytes(32);
      const rotated = await other.open({ tokenKeys: [newKey, bench().key] });
      const revealed = Promise.withResolvers<string | undefined>();
      const worker = await rotated.work({
        concurrency: 1,
        perProject: 1,
        handle: async (claim) => {
          revealed.resolve(claim.token?.reveal());
          return succeeded;
        },
      });
      assert.equal(await revealed.promise, token);
      await untilState(rotated, readable, "succeeded");
      await worker.stop(0);
      const unreadable = await queueRun(rotated, { iid: 2, token });
      await rotated[Symbol.asyncDispose]();

      await using strange = await other.open({ tokenKeys: [bench().key] });
      const last = await strange.work({ concurrency: 1, perProject: 1, handle: async () => succeeded });
      const run = await untilState(strange, unreadable, "retrying");
      await last.stop(0);
      assert.equal(run.reason?.code, "token-unreadable");
      const kept = (await strange.keys.status()).keys.find(({ kind }) => kind === "missing");
      assert.equal(kept?.tokens, 1, "the token waits for its key");
      assert.ok(!JSON.stringify(run.reason).includes(token));
    });
  });

  test("lists and counts, newest first", async () => {
    const other = await bench().places.fresh();
    await using fresh = await other.open();
    const ids = [];
    for (const iid of [1, 2, 3]) ids.push(await queueRun(fresh, { iid }));
    await fresh.cancelRun(ids[1] ?? "", reasonOf("cancelled-by-user", { user: "ann" }));
    const listed = async (filter: Parameters<Store["listRuns"]>[0]): Promise<string[]> =>
      (await fresh.listRuns(filter)).map((run) => run.id);
    assert.deepEqual(await listed({ limit: 10 }), ids.toReversed());
    assert.deepEqual(await listed({ limit: 1 }), [ids[2]]);
    assert.deepEqual(await listed({ limit: 10, state: "cancelled" }), [ids[1]]);
    const deliveries = await fresh.listDeliveries({ limit: 2 });
    assert.deepEqual(
      deliveries.map((delivery) => delivery.runId),
      [ids[2], ids[1]],
    );
    const counts = await fresh.countRuns();
    assert.equal(counts.queued, 2);
    assert.equal(counts.cancelled, 1);
    assert.equal(counts.failed, 0);
    await fresh.ping();
    assert.equal(await fresh.getRun("no id"), null);
    assert.equal(await fresh.getDelivery("no id"), null);
    assert.equal(await fresh.getDeliveryBody("5c6f8a1e-0000-7000-8000-000000000000"), null);
  });

  test("everything is there after it was closed and opened again", async () => {
    const other = await bench().places.fresh();
    const first = await other.open();
    const runId = await queueRun(first, { iid: 1 });
    const stuck = await queueRun(first, { iid: 2 });
    await first.work({
      concurrency: 2,
      perProject: 2,
      handle: async ({ run, journal, signal }) => {
        await journal.write("step", run.iid);
        if (run.id === runId) return succeeded;
        return untilAborted(signal);
      },
    });
    await untilState(first, runId, "succeeded");
    await untilState(first, stuck, "active");
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await assert.rejects(first.accept(request({ iid: 3 })), failure("store-closed"));

    await using second = await other.open();
    assert.equal((await second.getRun(runId))?.state, "succeeded");
    const steps: unknown[] = [];
    const worker = await second.work({
      concurrency: 1,
      perProject: 1,
      handle: async ({ journal }) => {
        steps.push(await journal.read("step"));
        return succeeded;
      },
    });
    await untilState(second, stuck, "succeeded");
    await worker.stop(0);
    assert.deepEqual(steps, [2]);
  });
};
