import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createBreakers } from "../../src/base/circuit-breaker.ts";
import { DifyError } from "../../src/base/errors.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { DIFY_PAUSED, isDifyOutage, mayHaveBegun, underBreaker } from "../../src/dify/breaker-runner.ts";
import { openRunRecord } from "../../src/dify/run-record.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowRequest, FlowRunner } from "../../src/review/flow-runner.ts";

const request = (): FlowRequest => ({
  runId: "run",
  inputs: {},
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
});

const outage = (status: number | null, retryable = true): DifyError =>
  new DifyError(verbatim("no"), { code: "dify-http-503", status, retryable });

/** A server that is down while `down`, with what was asked of it. */
const createServer = () => {
  const server = { down: false, failure: outage(503), asked: [] as string[] };
  const ask = (what: string): void => {
    server.asked.push(what);
    if (server.down) throw server.failure;
  };
  const runner: FlowRunner = {
    describe: async () => (ask("describe"), []),
    run: async () => (
      ask("run"),
      { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE } as const
    ),
  };
  return { server, runner };
};

const setUp = () => {
  let nowMs = 0;
  const rules = { failures: 3, openMs: 1_000, longestOpenMs: 4_000 };
  const breakers = createBreakers({ rules, clock: { now: () => nowMs, sleep: async () => undefined } });
  const { server, runner } = createServer();
  return { server, runner: underBreaker(runner, breakers.of("dify")), pass: (ms: number) => (nowMs += ms) };
};

suite("a runner under the breaker of its Dify server", () => {
  test("leaves a server alone that failed again and again, and says when to come back", async () => {
    const { server, runner, pass } = setUp();
    server.down = true;
    for (let call = 0; call < 3; call += 1) await assert.rejects(runner.run(request()), /no/);
    await assert.rejects(runner.run(request()), (error) => {
      assert.ok(error instanceof DifyError);
      assert.equal(error.code, DIFY_PAUSED);
      assert.deepEqual([error.retryable, error.untried, error.retryAfterMs], [true, true, 1_000]);
      return true;
    });
    await assert.rejects(runner.describe(), { code: DIFY_PAUSED });
    assert.deepEqual(server.asked, ["run", "run", "run"]);
    pass(1_000);
    await assert.rejects(runner.run(request()), /no/);
    assert.deepEqual(server.asked.slice(3), ["describe"]);
    pass(2_000);
    server.down = false;
    assert.equal((await runner.run(request())).status, "succeeded");
    assert.deepEqual(server.asked.slice(4), ["describe", "run"]);
  });

  test("takes neither a refusal nor a busy server for one that does not work", async () => {
    const { server, runner } = setUp();
    server.down = true;
    for (const failure of [outage(429), outage(401, false), outage(null, false)]) {
      server.failure = failure;
      assert.equal(isDifyOutage(failure), false);
      for (let call = 0; call < 4; call += 1)
        await assert.rejects(runner.run(request()), { code: failure.code });
    }
  });

  test("knows whether a run may have begun", async () => {
    const journal = createMemoryJournal();
    assert.equal(await mayHaveBegun(journal), false);
    const record = await openRunRecord(journal);
    await record.intend({ user: "user", mode: "streaming", atMs: 0 });
    assert.equal(await mayHaveBegun(journal), true);
    await record.clear();
    assert.equal(await mayHaveBegun(journal), false);
    await record.intend({ user: "user", mode: "streaming", atMs: 0 });
    await record.queue();
    assert.equal(await mayHaveBegun(journal), true);
    await record.start("w", null, 0);
    assert.equal(await mayHaveBegun(journal), true);
  });
});
