import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { type ItemResult, createGroupCommit } from "../../src/store/group-commit.ts";

const answer = (items: readonly number[]): readonly ItemResult<number>[] =>
  items.map((item) => ({ ok: true, value: item * 10 }));

const grouped = (commit: (items: readonly number[]) => Promise<readonly ItemResult<number>[]>) =>
  createGroupCommit({
    commit,
    weigh: (item: number) => item,
    maxBatch: 3,
    maxBytes: 100,
    maxWaitMs: 0,
    answerMs: 10_000,
  });

describe("group commit", () => {
  test("puts what arrives together into batches bounded by number and weight", async () => {
    const batches: (readonly number[])[] = [];
    const group = grouped(async (items) => {
      batches.push(items);
      return answer(items);
    });
    const results = await Promise.all([1, 2, 3, 60, 50, 200, 4].map((item) => group.submit(item)));
    assert.deepEqual(results, [10, 20, 30, 600, 500, 2000, 40]);
    assert.deepEqual(batches, [[1, 2, 3], [60], [50], [200], [4]]);
  });

  test("answers in time when nothing is written, and writes nothing of it later that was not begun", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const batches: (readonly number[])[] = [];
    const silence = Promise.withResolvers<void>();
    const group = grouped(async (items) => {
      batches.push(items);
      await silence.promise;
      return answer(items);
    });
    const begun = group.submit(1);
    while (batches.length === 0) {
      context.mock.timers.tick(0);
      await new Promise(setImmediate);
    }
    context.mock.timers.tick(6_000);
    const waiting = group.submit(2);
    context.mock.timers.tick(4_000);
    await assert.rejects(begun, { code: "store-timeout" });
    context.mock.timers.tick(6_000);
    await assert.rejects(waiting, { code: "store-timeout" });
    const later = group.submit(3);
    silence.resolve();
    assert.equal(await later, 30);
    assert.deepEqual(batches, [[1], [3]]);
  });

  test("gathers what comes while a batch is written", async () => {
    const batches: (readonly number[])[] = [];
    const gate = Promise.withResolvers<void>();
    const group = grouped(async (items) => {
      batches.push(items);
      if (batches.length === 1) await gate.promise;
      return answer(items);
    });
    const first = group.submit(1);
    while (batches.length === 0) await new Promise(setImmediate);
    const others = [group.submit(2), group.submit(3)];
    gate.resolve();
    await Promise.all([first, ...others]);
    assert.deepEqual(batches, [[1], [2, 3]]);
  });

  test("a batch that fails is tried item by item, and only the guilty one fails", async () => {
    const group = grouped(async (items) => {
      if (items.includes(2)) throw new RangeError("two");
      return answer(items);
    });
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map((item) => group.submit(item)));
    assert.deepEqual(one, { status: "fulfilled", value: 10 });
    assert.equal(two?.status, "rejected");
    assert.deepEqual(three, { status: "fulfilled", value: 30 });
  });

  test("without a database nothing is tried item by item", async () => {
    let commits = 0;
    const group = grouped(async () => {
      commits += 1;
      throw new StoreError(verbatim("gone"), { code: "store-unreachable", retryable: true });
    });
    const results = await Promise.allSettled([1, 2, 3].map((item) => group.submit(item)));
    assert.ok(results.every(({ status }) => status === "rejected"));
    assert.equal(commits, 1);
  });

  test("closing answers what is under way and refuses the rest", async () => {
    const group = grouped(async (items) => answer(items));
    const last = group.submit(1);
    await group.close();
    assert.equal(await last, 10);
    await assert.rejects(group.submit(2), { code: "store-closed" });
  });
});
