import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { Store } from "../../src/store/store.ts";
import { queueRun, request, succeeded, until } from "./store-requests.ts";

const stack = new AsyncDisposableStack();
let opened: Store | undefined;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-facts-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const retry = { maxAttempts: 2, baseMs: 1, maxMs: 1 };
  opened = stack.use(await openStore({ database: { dataDir: folder }, pollMs: 20, retry }));
});
after(() => stack.disposeAsync());

const open = (): Store => opened ?? assert.fail("not open yet");

test("the queue tells how much waits and since when", async () => {
  const store = open();
  const empty = { queued: 0, waiting: 0, parked: 0, retrying: 0, active: 0, oldestQueuedAtMs: null };
  assert.deepEqual(await store.queueStatus(), empty);
  const first = await queueRun(store, { iid: 1 });
  await queueRun(store, { iid: 2 });
  const oldestQueuedAtMs = (await store.getRun(first))?.createdAtMs;
  assert.deepEqual(await store.queueStatus(), { ...empty, queued: 2, oldestQueuedAtMs });
  const release = Promise.withResolvers<undefined>();
  const worker = await store.work({
    concurrency: 2,
    perProject: 2,
    handle: async () => {
      await release.promise;
      return succeeded;
    },
  });
  await until(async () => (await store.queueStatus()).active === 2, "two active runs");
  assert.deepEqual(await store.queueStatus(), { ...empty, active: 2 });
  release.resolve(undefined);
  await until(async () => (await store.queueStatus()).active === 0, "no active run");
  await worker.stop(1_000);
});

test("a worker is told how each of its runs was left, when that is durable", async () => {
  const store = open();
  const good = await queueRun(store, { iid: 3 });
  const bad = await queueRun(store, { iid: 4 });
  const settled: string[] = [];
  const worker = await store.work({
    concurrency: 1,
    perProject: 1,
    handle: async ({ run }) =>
      run.id === good ? succeeded : { state: "retry", reason: reasonOf("model-overloaded"), retryAfterMs: 0 },
    onSettled: (run, state) => settled.push(`${run.id} ${run.attempts} ${state}`),
  });
  await until(async () => settled.length === 3, "three settlements");
  await worker.stop(1_000);
  assert.deepEqual(
    settled.toSorted(),
    [`${good} 1 succeeded`, `${bad} 1 retrying`, `${bad} 2 failed`].toSorted(),
  );
});

test("failures of the database are told by their code, and only those", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-facts-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const codes: string[] = [];
  await using store = await openStore({
    database: { dataDir: folder },
    onError: (code) => codes.push(code),
  });
  await assert.rejects(store.accept(request({ iid: 1e30 })), StoreError);
  await assert.rejects(
    store.accept(
      request({
        decide: () => {
          throw new TypeError("our own");
        },
      }),
    ),
    TypeError,
  );
  assert.equal(await store.getRun("no id"), null);
  assert.deepEqual(codes, ["store-query-failed"]);
});
