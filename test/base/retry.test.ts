import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pauseAfter, pollBy, retryBy } from "../../src/base/retry.ts";
import { fc } from "../properties.ts";

const setUp = () => {
  const slept: number[] = [];
  const clock = {
    now: () => 0,
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      slept.push(ms);
    },
  };
  return { slept, clock };
};

suite("a call that is repeated", () => {
  test("pauses as its policy says, whatever is thrown, and gives what the last attempt gave", async () => {
    const { slept, clock } = setUp();
    const thrown = [new TypeError("a"), new Error("b"), new RangeError("c")];
    const value = await retryBy(
      async (attempt) => {
        const error = thrown[attempt - 1];
        if (error !== undefined) throw error;
        return attempt;
      },
      { pauseMs: (_error, failures) => failures * 10, clock },
    );
    assert.deepEqual([value, slept], [4, [10, 20, 30]]);
  });

  test("throws the very error that its policy gives up on", async () => {
    const { slept, clock } = setUp();
    const last = new Error("last");
    const call = retryBy(
      async () => {
        throw last;
      },
      { pauseMs: (_error, failures) => (failures < 3 ? 1 : null), clock },
    );
    await assert.rejects(call, (error) => error === last);
    assert.deepEqual(slept, [1, 1]);
  });

  test("is made no more when its signal is aborted in a pause", async () => {
    const { clock } = setUp();
    const abort = new AbortController();
    let calls = 0;
    const call = retryBy(
      async () => {
        calls += 1;
        abort.abort(new Error("stop"));
        throw new Error("no");
      },
      { pauseMs: () => 1, clock, signal: abort.signal },
    );
    await assert.rejects(call, /stop/);
    assert.equal(calls, 1);
  });

  test("pauses twice as long each time up to a limit, with the upper half left to chance", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const full = Math.min(1_000, 100 * 2 ** (failures - 1));
          const wait = pauseAfter(failures, { baseMs: 100, maxMs: 1_000 }, random);
          assert.ok(wait >= Math.floor(full / 2) && wait <= full);
        },
      ),
    );
  });
});

suite("looking until there is an answer", () => {
  test("waits between looks, and makes one that failed by itself again, so often in a row", async () => {
    const { slept, clock } = setUp();
    const answers: (Error | string | null)[] = [new Error("a"), null, new Error("b"), new Error("c"), "here"];
    const seen = await pollBy(
      async () => {
        const answer = answers.shift() ?? null;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      {
        pauseMs: () => 100,
        afterFailureMs: (_, failures) => (failures <= 2 ? failures * 80 : null),
        clock,
      },
    );
    assert.deepEqual([seen, slept], ["here", [100, 100, 100, 160]]);
  });

  test("ends with nothing when it is given up, and with what failed when that does not pass", async () => {
    let looks = 0;
    const look = async (): Promise<null> => {
      looks += 1;
      return null;
    };
    const { clock } = setUp();
    assert.equal(await pollBy(look, { pauseMs: () => (looks < 3 ? 1 : null), clock }), null);
    assert.equal(looks, 3);
    const refused = new Error("refused");
    await assert.rejects(
      pollBy(() => Promise.reject(refused), { pauseMs: () => 1, clock }),
      refused,
    );
  });
});
