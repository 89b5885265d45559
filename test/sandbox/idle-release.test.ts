import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createTemplateRenderer } from "../../src/sandbox/create-template-renderer.ts";
import { createAttempts } from "./attempt-code.ts";
import { createStoppedClock, watchChildren } from "./started-children.ts";

const FIVE_MINUTES = [{ ms: 300_000, ref: false }];
// Time enough for a busy machine.
const timeLimitMs = 120_000;

describe("what is kept ready", () => {
  it("is a thread for JavaScript, which ends without work and is started again by the next call", async () => {
    const clock = createStoppedClock();
    using started = watchChildren();
    await using runner = createCodeRunner({ http: null, timeLimitMs, clock });
    const { attempt } = createAttempts(runner, "javascript");
    const code = "function main() { return 7 }";
    assert.deepEqual(clock.waits(), []);
    assert.equal(await attempt(code), 7);
    assert.equal(await attempt(code), 7);
    assert.equal(started.threads.length, 1);
    assert.deepEqual(clock.waits(), FIVE_MINUTES);
    await clock.pass();
    // Not the one that is just ending.
    await runner.warmUp(new Set(["javascript"]));
    // A thread is announced a little later than it is started.
    await setImmediate();
    assert.equal(started.threads.length, 2);
    await started.threads[0];
    assert.equal(await attempt(code), 7);
    assert.equal(started.threads.length, 2);
    await runner[Symbol.asyncDispose]();
    assert.deepEqual([started.alive(), clock.waits()], [0, []]);
  });

  it("is not let go while anything is under way", async () => {
    const clock = createStoppedClock();
    using started = watchChildren();
    await using runner = createCodeRunner({ http: null, timeLimitMs, clock, javascriptConcurrency: 2 });
    const { attempt } = createAttempts(runner, "javascript");
    const ending = new AbortController();
    const reason = new Error("ended by the test");
    const endless = runner.run({
      language: "javascript",
      code: "function main() { for (;;); }",
      inputs: {},
      signal: ending.signal,
    });
    assert.equal(await attempt("function main() { return 7 }"), 7);
    assert.equal(started.threads.length, 2);
    assert.deepEqual(clock.waits(), []);
    ending.abort(reason);
    await assert.rejects(endless, reason);
    assert.deepEqual(clock.waits(), FIVE_MINUTES);
    await clock.pass();
    await Promise.all(started.threads);
    await runner[Symbol.asyncDispose]();
    assert.deepEqual([started.alive(), clock.waits()], [0, []]);
  });

  it("is a thread for templates, which ends without work and is started again by the next", async () => {
    const clock = createStoppedClock();
    using started = watchChildren();
    await using renderer = createTemplateRenderer({ timeLimitMs, clock });
    const render = async (): Promise<unknown> =>
      await renderer.render({
        template: "{{ 3 + 4 }}",
        variables: {},
        signal: new AbortController().signal,
      });
    renderer.warmUp();
    assert.deepEqual(clock.waits(), FIVE_MINUTES);
    assert.deepEqual(await render(), { ok: true, value: "7" });
    assert.equal(started.threads.length, 1);
    await clock.pass();
    await started.threads[0];
    assert.deepEqual(await render(), { ok: true, value: "7" });
    assert.equal(started.threads.length, 2);
    await renderer[Symbol.asyncDispose]();
    assert.equal(started.alive(), 0);
  });

  it("is a process for Python, which ends without work and is started again by the next call", async () => {
    const clock = createStoppedClock();
    using started = watchChildren();
    await using runner = createCodeRunner({ http: null, timeLimitMs, clock, pythonConcurrency: 1 });
    const { attempt } = createAttempts(runner, "python3");
    await runner.warmUp(new Set(["python3"]));
    assert.deepEqual(clock.waits(), FIVE_MINUTES);
    assert.deepEqual([started.processes.length, started.alive()], [1, 1]);
    await clock.pass();
    await started.processes[0];
    assert.equal(await attempt("def main(): return 7"), 7);
    // The one of the call, and the spare for the next, which may not be ready yet.
    await started.processes[1];
    assert.deepEqual([started.processes.length, started.alive()], [3, 1]);
    await clock.pass();
    await started.processes[2];
    assert.equal(started.alive(), 0);
    assert.equal(await attempt("def main(): return 8"), 8);
    await runner[Symbol.asyncDispose]();
    assert.deepEqual([started.alive(), clock.waits()], [0, []]);
  });
});
