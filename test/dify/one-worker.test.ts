import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { DEFAULT_LIMITS, type DifyLimits } from "../../src/dify/limits.ts";
import type { Program } from "../../standins/dify/stand-in-app.ts";
import { assertDone, open, type Setup } from "./fault-world.ts";

/** A hundredth of every time: Dify's own, and ours but for what a loaded machine takes to answer. */
const SCALE = 0.01;
const { connectMs, answerMs, ...slow } = DEFAULT_LIMITS;
const scaled = (more: Partial<DifyLimits> = {}): Partial<DifyLimits> => ({
  connectMs,
  answerMs,
  ...Object.fromEntries(Object.entries({ ...slow, ...more }).map(([name, ms]) => [name, ms * SCALE])),
});

/** A Dify with one worker and its own pings, before a client with its own limits. */
const openPaced = ({ app, runner, ...setup }: Setup, limits: Partial<DifyLimits> = {}) =>
  open({
    ...setup,
    standIn: { pingMs: 10_000, scale: SCALE, ...setup.standIn },
    app: app ?? {},
    runner: { limits: scaled(limits), ...runner },
  });

const isPost = ({ method, path }: { method: string; path: string }): boolean =>
  method === "POST" && path.endsWith("/workflows/run");
const waitFor = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await delay(2);
};

describe("a Dify that runs one at a time and takes 75 s", () => {
  for (const count of [2, 4]) {
    it(`runs each of ${count} reviews that come at once, and is asked for each once`, async () => {
      // Shorter than the wait, as is the limit on a stream's silence: neither may end a run that is queued.
      const sought = { lookupMs: 60_000, lookupAtEndMs: 60_000 };
      await using world = await openPaced({ app: { runMs: 75_000 } }, sought);
      const ids = Array.from({ length: count }, (_, index) => `run-${index}`);
      const outcomes = await Promise.all(ids.map((id) => world.run(undefined, undefined, id)));
      outcomes.forEach(assertDone);
      assert.equal(world.standIn.requests().filter(isPost).length, count);
      assert.deepEqual(
        world.standIn.runs().map(({ status }) => status),
        ids.map(() => "succeeded"),
      );
    });
  }
});

describe("a Dify whose worker dies", () => {
  it("before it takes a run begins it later: it is asked for once", async () => {
    await using world = await openPaced({});
    world.standIn.killWorkers();
    const run = world.run();
    // The log is looked at after each silence of a stream.
    await waitFor(() => world.standIn.requests().filter(({ path }) => path.includes("/logs")).length > 2);
    world.standIn.startWorkers(1);
    assertDone(await run);
    assert.equal(world.standIn.requests().filter(isPost).length, 1);
  });
  it("within a run leaves it running for ever: it is given up by its own limit and stopped, and stays so", async () => {
    const faults: Setup["faults"] = [{ kind: "worker-dies", afterEvents: 3 }];
    await using world = await openPaced({ faults }, { totalMs: 120_000, idleMs: 40_000 });
    const journal = createMemoryJournal();
    await assert.rejects(world.run(journal), { code: "dify-run-timeout", retryable: false });
    await waitFor(() => world.standIn.requests().some(({ path }) => path.endsWith("/stop")));
    await assert.rejects(world.run(journal), { code: "dify-run-timeout" });
    assert.equal(world.standIn.requests().filter(isPost).length, 1);
  });
});

describe("a Dify that takes few requests at once", () => {
  it("is asked again by the next attempt, which its refusal does not count", async () => {
    const gate = Promise.withResolvers<void>();
    const program: Program = async () => {
      await gate.promise;
      return { status: "succeeded", outputs: { answer: "done" } };
    };
    await using world = await openPaced({ app: { program, maxActiveRequests: 2 } });
    const first = world.run();
    await waitFor(() => world.standIn.runs().length === 1);
    const journal = createMemoryJournal();
    const again = () => world.run(journal, undefined, "run-2");
    const refusal = { code: "dify-too-many-requests", status: 400, retryable: true, untried: true };
    await assert.rejects(again(), refusal);
    gate.resolve();
    assertDone(await first);
    assertDone(await again());
    assert.equal(world.standIn.runs().length, 2);
  });
  it("takes no streaming run at all when its limit is one, but blocking ones", async () => {
    await using world = await openPaced({ app: { maxActiveRequests: 1 } });
    await assert.rejects(world.run(), { code: "dify-concurrency-limit", retryable: false });
    assert.equal(world.standIn.runs().length, 0);
    await using blocking = await openPaced({
      app: { maxActiveRequests: 1 },
      runner: { mode: "blocking" },
    });
    assertDone(await blocking.run());
  });
});

describe("a Dify that never begins a run", () => {
  it("for want of its model fails it for good, and is not asked again", async () => {
    for (const mode of ["streaming", "blocking"] as const) {
      await using world = await openPaced({ app: { missingModel: "gemini-2.5-flash" }, runner: { mode } });
      await assert.rejects(world.run(), {
        code: "dify-invalid-param",
        retryable: false,
        message: /gemini-2\.5-flash/,
      });
      assert.equal(world.standIn.requests().filter(isPost).length, 1);
    }
  });
  it("for want of a published version or an open API says so", async () => {
    await using unpublished = await openPaced({ app: { unpublished: true } });
    await assert.rejects(unpublished.run(), { code: "dify-app-unavailable", retryable: false });
    await using disabled = await openPaced({ app: { apiDisabled: true } });
    await assert.rejects(disabled.run(), { code: "dify-forbidden", retryable: false });
  });
});
