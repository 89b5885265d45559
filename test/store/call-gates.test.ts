import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import type { Clock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createCallGates } from "../../src/store/rate-limits/call-gates.ts";
import type { RateLimits } from "../../src/store/rate-limits/rate-limits.ts";

/** A clock whose sleepers wake one after the other, and which stands still otherwise. */
const createTestClock = (): Clock & { readonly advance: (ms: number) => void } => {
  let nowMs = 1_000_000;
  return {
    now: () => nowMs,
    advance: (ms) => void (nowMs += ms),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await Promise.resolve();
      nowMs += ms;
    },
  };
};

/** A bucket in memory that the gates of several "processes" share. */
const createBucket = (clock: Clock, perMinute: number, burst: number) => {
  let permits = burst;
  let countedMs = clock.now();
  let asked = 0;
  const limits: RateLimits = {
    take: async (_, { wanted }) => {
      asked += 1;
      permits = Math.min(burst, permits + ((clock.now() - countedMs) * perMinute) / 60_000);
      countedMs = clock.now();
      const granted = Math.min(wanted, Math.floor(permits));
      permits -= granted;
      return {
        granted,
        nextMs: granted > 0 ? 0 : Math.ceil(((1 - permits) * 60_000) / perMinute),
        heldMs: 0,
      };
    },
    holdOff: async () => undefined,
  };
  return { limits, asked: () => asked };
};

describe("the gates of a process", () => {
  test("never let more pass than the limit gives, over all processes, and all in the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (perMinute, processes, calls) => {
          const clock = createTestClock();
          const burst = Math.max(1, perMinute / 6);
          const { limits } = createBucket(clock, perMinute, burst);
          const gates = Array.from({ length: processes }, () =>
            createCallGates({ limits, clock, logger: silentLogger }).gateOf("name", perMinute),
          );
          const startedMs = clock.now();
          const passedAtMs: number[] = [];
          await Promise.all(
            gates.map(async (gate) => {
              for (let call = 0; call < calls; call += 1) {
                assert.equal((await gate.pass({ maxWaitMs: 0 })).kind, "go");
                passedAtMs.push(clock.now());
              }
            }),
          );
          assert.equal(passedAtMs.length, processes * calls);
          for (const [index, atMs] of passedAtMs.entries())
            assert.ok(index + 1 <= burst + ((atMs - startedMs) * perMinute) / 60_000 + 1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("ask the store once in a lease where there is no limit", async () => {
    const clock = createTestClock();
    let asked = 0;
    const limits: RateLimits = {
      take: async (_, { wanted }) => {
        asked += 1;
        return { granted: wanted, nextMs: 0, heldMs: 0 };
      },
      holdOff: async () => undefined,
    };
    const gate = createCallGates({ limits, clock, logger: silentLogger }).gateOf("name", null);
    for (let call = 0; call < 500; call += 1) await gate.pass({ maxWaitMs: 0 });
    assert.equal(asked, 1);
    clock.advance(2_000);
    await Promise.all(Array.from({ length: 50 }, () => gate.pass({ maxWaitMs: 0 })));
    assert.equal(asked, 2);
  });

  test("wait out a pause that a caller can bear, and refuse where it cannot", async () => {
    const clock = createTestClock();
    const held: number[] = [];
    const limits: RateLimits = {
      take: async (_, { wanted }) => ({ granted: wanted, nextMs: 0, heldMs: 0 }),
      holdOff: async (_, waitMs) => void held.push(waitMs),
    };
    const gates = createCallGates({ limits, clock, logger: silentLogger });
    const gate = gates.gateOf("name", null);
    await gate.pass({ maxWaitMs: 0 });
    gate.holdOff(20_000);
    assert.deepEqual(held, [20_000]);
    assert.deepEqual(await gate.pass({ maxWaitMs: 19_999 }), { kind: "later", waitMs: 20_000 });
    const startedMs = clock.now();
    assert.deepEqual(await gate.pass({ maxWaitMs: 20_000 }), { kind: "go" });
    assert.ok(clock.now() - startedMs >= 20_000);
    await assert.rejects(gate.pass({ maxWaitMs: 0, signal: AbortSignal.abort(new Error("stop")) }), /stop/);
  });

  test("let calls pass where the store does not answer", async () => {
    const clock = createTestClock();
    const limits: RateLimits = {
      take: () => Promise.reject(new Error("down")),
      holdOff: () => Promise.reject(new Error("down")),
    };
    const gate = createCallGates({ limits, clock, logger: silentLogger }).gateOf("name", 60);
    assert.equal((await gate.pass({ maxWaitMs: 0 })).kind, "go");
    gate.holdOff(1_000);
    assert.equal((await gate.pass({ maxWaitMs: 0 })).kind, "later");
  });
});
