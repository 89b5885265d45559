import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type BreakerChange,
  type CallVerdict,
  CircuitOpen,
  createBreakers,
  type Ended,
} from "../../src/base/circuit-breaker.ts";
import type { Clock } from "../../src/base/clock.ts";

const RULES = { failures: 2, openMs: 1_000, longestOpenMs: 3_000 };

const setUp = (probesFirst = false, rules: typeof RULES | null = RULES) => {
  let nowMs = 0;
  const changes: BreakerChange[] = [];
  const clock: Clock = { now: () => nowMs, sleep: async () => undefined };
  const onChange = (change: BreakerChange): number => changes.push(change);
  const breakers = createBreakers({ rules, clock, probesFirst: () => probesFirst, onChange });
  let made = 0;
  const call = (
    verdict: CallVerdict,
    work: (answered: () => void) => Promise<unknown> = async () => undefined,
    signal?: AbortSignal,
  ): Promise<unknown> =>
    breakers.of("peer").run(
      (answered) => {
        made += 1;
        return work(answered);
      },
      () => verdict,
      signal,
    );
  const pass = (ms: number): number => (nowMs += ms);
  return { breakers, breaker: breakers.of("peer"), changes, call, pass, made: () => made };
};

const openFor =
  (waitMs: number, isRefused = false) =>
  (error: unknown) =>
    error instanceof CircuitOpen && error.waitMs === waitMs && error.isRefused === isRefused;

suite("a circuit breaker", () => {
  test("opens after failures in a row, tells of its changes, and closes when one call works", async () => {
    const { breakers, breaker, changes, call, pass, made } = setUp();
    assert.equal(breakers.of("peer"), breaker);
    await call("fails");
    await call("works");
    await call("fails");
    await call("fails");
    await assert.rejects(call("works"), openFor(1_000));
    assert.equal(made(), 4);
    assert.equal(breaker.waitMs(), 1_000);
    assert.deepEqual(breaker.standing(), { state: "open", sinceMs: 0, nextTryMs: 1_000 });
    pass(1_000);
    assert.equal(breaker.waitMs(), null);
    await call("works");
    assert.deepEqual(changes, [
      { name: "peer", state: "open", waitMs: 1_000 },
      { name: "peer", state: "half-open", waitMs: null },
      { name: "peer", state: "closed", waitMs: null },
    ]);
    assert.deepEqual(breakers.list(), [{ name: "peer", state: "closed", sinceMs: null, nextTryMs: null }]);
  });

  test("stays open for longer after each probe that fails, up to its limit, and begins anew when it worked", async () => {
    const { call, pass } = setUp();
    await call("fails");
    await call("fails");
    for (const waitMs of [1_000, 2_000, 3_000, 3_000]) {
      await assert.rejects(call("works"), openFor(waitMs));
      pass(waitMs);
      await call("fails");
    }
    pass(3_000);
    await call("works");
    await call("fails");
    await call("fails");
    await assert.rejects(call("works"), openFor(1_000));
  });

  test("is not held open by a clock that was put back", async () => {
    const { call, pass } = setUp();
    await call("fails");
    await call("fails");
    pass(-3_600_000);
    await call("works");
  });

  test("lets those wait who come while one call finds out, and no longer than they want", async () => {
    const { call, pass, made } = setUp();
    await call("fails");
    await call("fails");
    pass(1_000);
    const gate = Promise.withResolvers<void>();
    const probe = call("works", () => gate.promise);
    const others = [call("works"), call("works")];
    const abort = new AbortController();
    const aborted = call("works", undefined, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    assert.equal(made(), 3);
    gate.resolve();
    await Promise.all([probe, ...others]);
    assert.equal(made(), 5);
  });

  test("leaves the end of a call that is given up to the call, and learns nothing from it", async () => {
    const { breaker, call, pass, made } = setUp();
    const abort = new AbortController();
    const stopped = Promise.withResolvers<void>();
    const given = call("unknown", () => stopped.promise, abort.signal);
    abort.abort(new Error("cancelled"));
    stopped.reject(new Error("cancelled, and the run goes on there"));
    await assert.rejects(given, /goes on there/);
    await call("fails");
    await call("unknown");
    await call("fails");
    assert.equal(breaker.state(), "open");
    pass(1_000);
    await call("unknown");
    // The next call finds out in its place.
    await call("works");
    assert.equal(made(), 6);
  });

  test("does not count what a request is refused for", async () => {
    const { breaker, call } = setUp();
    for (let nth = 0; nth < 20; nth += 1)
      await assert.rejects(
        call("works", async () => {
          throw new Error("too large");
        }),
        /too large/,
      );
    assert.equal(breaker.state(), "closed");
  });

  test("asks once where many begin at a side that refuses them, and again when it may be over, or a minute later", async () => {
    for (const rules of [RULES, null]) {
      const { breaker, call, pass, made } = setUp(true, rules);
      const gate = Promise.withResolvers<void>();
      const all = Array.from({ length: 8 }, () => call("refuses", () => gate.promise));
      gate.resolve();
      const ends = await Promise.allSettled(all);
      assert.equal(made(), 1);
      assert.equal(ends.filter(({ status }) => status === "rejected").length, 7);
      pass(20_000);
      await assert.rejects(call("works"), openFor(40_000, true));
      breaker.resume();
      await call("refuses").catch(() => undefined);
      assert.equal(made(), 2);
      await assert.rejects(call("works"), openFor(60_000, true));
      pass(60_000);
      await call("works");
      assert.equal(made(), 3);
    }
  });

  test("lets the others begin as soon as the first has been answered, and is not shown meanwhile", async () => {
    const { breaker, call, changes, made } = setUp(true);
    const gate = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<() => void>();
    const first = call("fails", async (answer) => {
      answered.resolve(answer);
      await gate.promise;
    });
    const second = call("works");
    assert.deepEqual([made(), breaker.state(), breaker.waitMs()], [1, "closed", null]);
    (await answered.promise)();
    await second;
    gate.resolve();
    await first;
    assert.deepEqual(changes, []);
  });

  test("takes a failure of the first call for one of those in a row", async () => {
    const { breaker, call, made } = setUp(true);
    const both = [call("fails"), call("fails")];
    await Promise.all(both);
    assert.deepEqual([made(), breaker.state()], [2, "open"]);
  });

  test("throws what the call throws", async () => {
    const { breakers } = setUp();
    const seen: Ended<unknown>[] = [];
    const failing = breakers.of("peer").run(
      async () => {
        throw new TypeError("no");
      },
      (ended) => {
        seen.push(ended);
        return "works";
      },
    );
    await assert.rejects(failing, TypeError);
    assert.equal(seen.length, 1);
  });
});
