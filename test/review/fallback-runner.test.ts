import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError } from "../../src/base/errors.ts";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { createFallbackRunner } from "../../src/review/fallback-runner.ts";
import type { FlowInput, FlowRequest, FlowRunner } from "../../src/review/flow-runner.ts";

const input = (name: string, maxLength: number | null = null): FlowInput => ({
  name,
  type: "paragraph",
  required: true,
  maxLength,
  options: [],
});

const request = (journal: Journal = createMemoryJournal()): FlowRequest => ({
  runId: "run",
  inputs: { both: "b", main: "m", other: "o" },
  journal,
  signal: new AbortController().signal,
  onEvent: () => undefined,
});

const down = (untried = false): DifyError =>
  new DifyError(verbatim("down"), { code: "dify-unreachable", status: null, retryable: true, untried });

const setUp = (hasEffects: boolean) => {
  const world = { failure: null as Error | null, begun: false, main: 0, standIn: 0, given: {} };
  const fail = (): void => {
    if (world.failure !== null) throw world.failure;
  };
  const done = { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE } as const;
  const main: FlowRunner = {
    describe: async () => (fail(), [input("both", 10), input("main")]),
    run: async ({ inputs }) => {
      world.main += 1;
      world.given = inputs;
      fail();
      return done;
    },
  };
  const standIn: FlowRunner = {
    describe: async () => [input("both", 5), input("other")],
    run: async ({ inputs, journal }) => {
      world.standIn += 1;
      world.given = inputs;
      await journal.write("of-stand-in", true);
      return done;
    },
  };
  const runner = createFallbackRunner({
    main,
    standIn,
    isOutage: (error) => error instanceof DifyError && error.retryable,
    mayHaveBegun: async () => world.begun,
    hasEffects,
    name: "another.yml",
  });
  return { world, runner };
};

suite("a runner with one that stands in", () => {
  test("gives each flow what it declares", async () => {
    const { world, runner } = setUp(false);
    assert.deepEqual(await runner.describe(), [input("both", 5), input("main"), input("other")]);
    assert.equal((await runner.run(request())).fallbackUsed, undefined);
    assert.deepEqual(world.given, { both: "b", main: "m" });
    world.failure = down(true);
    assert.equal((await runner.run(request())).fallbackUsed, "another.yml");
    assert.deepEqual(world.given, { both: "b", other: "o" });
    assert.deepEqual(await runner.describe(), [input("both", 5), input("main"), input("other")]);
  });

  test("turns to the other at the second outage, over all attempts, and stays there", async () => {
    const { world, runner } = setUp(true);
    await runner.describe();
    const journal = createMemoryJournal();
    world.failure = down();
    await assert.rejects(runner.run(request(journal)), /down/);
    assert.equal((await runner.run(request(journal))).fallbackUsed, "another.yml");
    world.failure = null;
    assert.equal((await runner.run(request(journal))).fallbackUsed, "another.yml");
    assert.deepEqual([world.main, world.standIn], [2, 2]);
    assert.equal(await journal.read("stand-in:of-stand-in"), true);
  });

  test("never runs a flow again that may have begun and has effects of its own", async () => {
    const { world, runner } = setUp(true);
    await runner.describe();
    const journal = createMemoryJournal();
    world.begun = true;
    for (const failure of [down(), down(), down(), down(true)]) {
      world.failure = failure;
      await assert.rejects(runner.run(request(journal)), /down/);
    }
    assert.equal(world.standIn, 0);
    world.failure = null;
    assert.equal((await runner.run(request(journal))).fallbackUsed, undefined);
  });

  test("runs it again where it only returns values", async () => {
    const { world, runner } = setUp(false);
    await runner.describe();
    world.begun = true;
    world.failure = down(true);
    assert.equal((await runner.run(request())).fallbackUsed, "another.yml");
  });

  test("goes to the other at once when nobody ever heard what the main flow takes", async () => {
    const { world, runner } = setUp(true);
    world.failure = down();
    assert.deepEqual(await runner.describe(), [input("both", 5), input("other")]);
    assert.equal((await runner.run(request())).fallbackUsed, "another.yml");
    assert.equal(world.main, 0);
  });

  test("passes on every failure that is no outage", async () => {
    const { world, runner } = setUp(false);
    await runner.describe();
    world.failure = new DifyError(verbatim("key"), { code: "dify-unauthorized", status: 401 });
    await assert.rejects(runner.describe(), /key/);
    for (let call = 0; call < 3; call += 1) await assert.rejects(runner.run(request()), /key/);
    assert.equal(world.standIn, 0);
  });
});
