import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { StoreError } from "../../../src/base/errors.ts";
import type { AcquireOutcome } from "../../../src/store/reconcile/reconcile-store.ts";
import type { ReconcileOptions } from "../../../src/worker/reconcile/reconcile-options.ts";
import { startReconciler } from "../../../src/worker/reconcile/reconciler.ts";
import { createWorld } from "./world.ts";

const EVERY = 600_000;

/** Runs a reconciler whose leases come out as given; the pauses it asks for and the times it sleeps. */
const play = async (outcomes: readonly (AcquireOutcome["kind"] | Error)[], forMs = EVERY) => {
  const world = createWorld();
  const pauses: number[] = [];
  const sleeps: number[] = [];
  let ended = 0;
  const done = Promise.withResolvers<void>();
  const acquire: ReconcileOptions["store"]["reconciliation"]["acquire"] = async (_, { pauseMs }) => {
    const outcome = outcomes[pauses.length];
    pauses.push(pauseMs);
    if (outcome instanceof Error) throw outcome;
    if (outcome === "busy" || outcome === "early") return { kind: outcome };
    const lease = { state: null, renew: async () => true, release: async () => void (ended += 1) };
    return { kind: "acquired", lease };
  };
  const options = world.options();
  const reconciler = startReconciler({
    ...options,
    everyMs: forMs,
    store: { ...options.store, reconciliation: { ...options.store.reconciliation, acquire } },
    clock: {
      now: () => world.nowMs,
      sleep: async (ms, signal) => {
        sleeps.push(ms);
        world.nowMs += ms;
        if (pauses.length < outcomes.length) return;
        done.resolve();
        await new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("aborted")));
        });
      },
    },
  });
  await done.promise;
  await reconciler.stop();
  return { pauses, sleeps, ended };
};

suite("a reconciler", () => {
  test("looks at once at its start, and later only when nobody has looked for about as long", async () => {
    const { pauses, sleeps, ended } = await play(["acquired", "acquired", "early"]);
    assert.deepEqual(pauses, [0, 0.9 * EVERY, 0.9 * EVERY]);
    assert.deepEqual(sleeps, [EVERY, EVERY, EVERY]);
    assert.equal(ended, 2);
  });

  test("asks again soon when another process is at it, which may have died", async () => {
    assert.deepEqual((await play(["busy", "acquired"])).sleeps, [30_000, EVERY]);
    assert.deepEqual((await play(["busy", "acquired"], 5_000)).sleeps, [5_000, 5_000]);
  });

  test("outlives a store that fails", async () => {
    const error = new StoreError(verbatim("gone"), { code: "store-unreachable", retryable: true });
    assert.equal((await play([error, "acquired"])).ended, 1);
  });
});
