import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type BreakerChange, createBreakers } from "../../../src/base/breaker/create-breaker.ts";
import type { Clock } from "../../../src/base/clock.ts";

const RULES = { failures: 2, openMs: 1_000, longestOpenMs: 8_000, probeMs: 60_000 };

const setUp = () => {
  let nowMs = 0;
  const changes: BreakerChange[] = [];
  const clock: Clock = {
    now: () => nowMs,
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  };
  const breakers = createBreakers({ rules: RULES, clock, onChange: (change) => changes.push(change) });
  return { breakers, changes, pass: (ms: number) => (nowMs += ms) };
};

const fail = async (breaker: ReturnType<ReturnType<typeof createBreakers>["of"]>): Promise<void> => {
  const pass = await breaker.enter();
  assert.ok(pass.kind === "go");
  pass.tell("fails");
};

suite("a circuit breaker", () => {
  test("tells of its changes, and waits for one probe before it lets the others through", async () => {
    const { breakers, changes, pass } = setUp();
    const breaker = breakers.of("dify");
    assert.equal(breakers.of("dify"), breaker);
    await fail(breaker);
    await fail(breaker);
    assert.deepEqual(await breaker.enter(), { kind: "wait", waitMs: 1_000 });
    assert.equal(breaker.waitMs(), 1_000);
    pass(1_000);
    assert.equal(breaker.waitMs(), null);
    assert.deepEqual(breaker.standing(), { state: "open", sinceMs: 0, nextTryMs: 1_000 });
    const probe = await breaker.enter();
    assert.deepEqual(breaker.standing(), { state: "half-open", sinceMs: 0, nextTryMs: null });
    const others = [breaker.enter(), breaker.enter()];
    assert.ok(probe.kind === "go" && probe.isProbe);
    probe.tell("works");
    probe.tell("fails");
    for (const other of await Promise.all(others)) assert.ok(other.kind === "go" && !other.isProbe);
    assert.deepEqual(changes, [
      { name: "dify", state: "open", waitMs: 1_000 },
      { name: "dify", state: "half-open", waitMs: null },
      { name: "dify", state: "closed", waitMs: null },
    ]);
    assert.deepEqual(breakers.list(), [{ name: "dify", state: "closed", sinceMs: null, nextTryMs: null }]);
  });

  test("sends those who wait for a probe away when it fails, and lets go of who is aborted", async () => {
    const { breakers, pass } = setUp();
    const breaker = breakers.of("model");
    await fail(breaker);
    await fail(breaker);
    pass(1_000);
    const probe = await breaker.enter();
    const aborted = new AbortController();
    const [waiting, leaving] = [breaker.enter(), breaker.enter(aborted.signal)];
    aborted.abort(new Error("stopping"));
    await assert.rejects(leaving, /stopping/);
    assert.ok(probe.kind === "go");
    probe.tell("fails");
    assert.deepEqual(await waiting, { kind: "wait", waitMs: 2_000 });
  });

  test("without rules lets everything pass", async () => {
    const { of } = createBreakers({ rules: null, clock: { now: () => 0, sleep: async () => undefined } });
    for (let call = 0; call < 20; call += 1) await fail(of("dify"));
    assert.equal(of("dify").waitMs(), null);
  });
});
