import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate as nextTask } from "node:timers/promises";
import { watchComputing } from "../../src/sandbox/computing-time.ts";

/** Watches a limit of 1000 ms over a clock that only this test moves; gives the time at which it ended. */
const endOf = async (
  measure: (clockMs: number) => number | null,
  waitedMs: (clockMs: number) => number = () => 0,
): Promise<number> => {
  let clock = 0;
  const ended: number[] = [];
  const now = mock.method(performance, "now", () => clock);
  mock.timers.enable({ apis: ["setTimeout"] });
  const stop = watchComputing({
    limitMs: 1000,
    measure: async () => measure(clock),
    waitedMs: () => waitedMs(clock),
    onTimeout: () => ended.push(clock),
  });
  try {
    while (ended.length === 0 && clock < 20_000) {
      clock += 20;
      mock.timers.tick(20);
      await nextTask();
    }
    return ended[0] ?? Infinity;
  } finally {
    stop();
    mock.timers.reset();
    now.mock.restore();
  }
};

/** Whether a time is the wanted one, within the steps of the watch. */
const isAbout = (actual: number, wanted: number): boolean => actual >= wanted && actual <= wanted + 60;

test("what computes all the time is ended at its limit", async () => {
  assert.ok(isAbout(await endOf((clock) => clock), 1000));
});

test("what waits for a busy processor has its time all the same", async () => {
  const ended = await endOf((clock) => clock / 4);
  assert.ok(isAbout(ended, 200 + 800 * 4), String(ended));
});

test("waiting that was asked for counts", async () => {
  const ended = await endOf(
    () => 5,
    (clock) => Math.max(0, clock - 500),
  );
  assert.ok(isAbout(ended, 1300), String(ended));
});

test("the clock counts where the processor's time is not known", async () => {
  assert.ok(isAbout(await endOf(() => null), 1000));
});

test("what never computes is ended by the clock after ten times the limit", async () => {
  assert.ok(isAbout(await endOf(() => 0), 10_000));
});
