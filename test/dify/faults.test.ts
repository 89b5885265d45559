import { plainDetail } from "../messages/plain.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { behindFence } from "../../src/base/fence.ts";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import type { StandInApp } from "../../standins/dify/stand-in-app.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { Fate, Fault } from "../../standins/dify/fault.ts";
import { app, assertDone, KEY, open } from "./fault-world.ts";

describe("a stream that breaks", () => {
  const breaks: readonly (readonly [string, Fault])[] = [
    ["is cut before its first event", { kind: "cut", afterEvents: 0, fate: "continues" }],
    ["is cut after the start", { kind: "cut", afterEvents: 1, fate: "continues" }],
    ["is cut within a node", { kind: "cut", afterEvents: 3, fate: "continues" }],
    ["ends without workflow_finished", { kind: "no-finish", fate: "continues" }],
    ["falls silent before its first event", { kind: "silence", afterEvents: 0, fate: "continues" }],
    ["falls silent after the start", { kind: "silence", afterEvents: 2, fate: "continues" }],
    ["is cut in the middle of a character", { kind: "cut-in-character", fate: "continues" }],
    ["carries garbage", { kind: "garbage" }],
    ["is reset before its answer", { kind: "reset", runs: true }],
    ["never answers", { kind: "hang", runs: true }],
    ["is answered by a proxy in Dify's stead", { kind: "html", status: 504, runs: true }],
  ];
  for (const [name, fault] of breaks) {
    it(`${name}: the run is followed to its end and asked for once`, async () => {
      await using world = await open({ faults: [fault] });
      assertDone(await world.run());
      assert.equal(world.standIn.runs().length, 1);
      assert.equal(world.events.at(-1)?.event, "workflow_finished");
    });
  }
  it("cannot be rejoined on an old Dify: looks alone find the end", async () => {
    await using world = await open({
      faults: [
        { kind: "cut", afterEvents: 2, fate: "continues" },
        { kind: "error-answer", at: "events", status: 404, code: "not_found", times: 9 },
      ],
    });
    assertDone(await world.run());
    // Not at all where the run has ended before it is looked at.
    assert.ok(world.standIn.requests().filter(({ path }) => path.endsWith("/events")).length <= 1);
  });
  it("is looked at through passing failures", async () => {
    await using world = await open({
      faults: [
        { kind: "cut", afterEvents: 1, fate: "continues" },
        { kind: "error-answer", at: "detail", status: 500, code: "internal_server_error", times: 2 },
        { kind: "reset", at: "detail", runs: false },
      ],
    });
    assertDone(await world.run());
  });
  const fates: readonly (readonly [Fate, string, number])[] = [
    ["forgotten", "dify-run-unknown", 20_000],
    ["stuck", "dify-run-timeout", 400],
  ];
  for (const [fate, code, totalMs] of fates) {
    it(`and whose run is ${fate} fails for good with ${code}, and is not asked for again`, async () => {
      await using world = await open({
        faults: [{ kind: "cut", afterEvents: 2, fate }],
        runner: { limits: { pollMs: 15, lookupMs: 100, idleMs: 100, totalMs, stopMs: 100 } },
      });
      const journal = createMemoryJournal();
      await assert.rejects(world.run(journal), { code, retryable: false });
      await assert.rejects(world.run(journal), { code });
      assert.equal(world.standIn.runs().length, 1);
    });
  }
});

describe("a run that Dify refuses", () => {
  const refusals: readonly (readonly [string, Fault, object])[] = [
    [
      "too_many_requests with Retry-After",
      { kind: "error-answer", status: 429, code: "too_many_requests", retryAfter: "7" },
      { code: "dify-too-many-requests", status: 429, retryable: true, retryAfterMs: 7_000 },
    ],
    [
      "too_many_requests without Retry-After",
      { kind: "error-answer", status: 429, code: "too_many_requests" },
      { code: "dify-too-many-requests", retryable: true, retryAfterMs: undefined },
    ],
    [
      "rate_limit_error",
      { kind: "error-answer", status: 429, code: "rate_limit_error" },
      { code: "dify-rate-limit-error", retryable: false },
    ],
    [
      "500",
      { kind: "error-answer", status: 500, code: "internal_server_error" },
      { code: "dify-internal-server-error", status: 500, retryable: true },
    ],
    [
      "provider_quota_exceeded",
      { kind: "error-answer", status: 400, code: "provider_quota_exceeded" },
      { code: "dify-provider-quota-exceeded", retryable: false },
    ],
    [
      "403",
      { kind: "error-answer", status: 403, code: "forbidden" },
      { code: "dify-forbidden", retryable: false, message: /DIFY_API_KEY/ },
    ],
    [
      "a redirect",
      { kind: "html", status: 301, runs: false },
      { code: "dify-redirected", message: /DIFY_URL/ },
    ],
    [
      "a page that is not Dify's",
      { kind: "html", status: 200, runs: false },
      { code: "dify-answer-not-understood", retryable: false },
    ],
    [
      "an error event before the start",
      { kind: "error-event", afterEvents: 0, status: 400, code: "invalid_param", message: "no" },
      { code: "dify-invalid-param", status: 400, retryable: false },
    ],
    [
      "an error event of a quota in the middle",
      { kind: "error-event", afterEvents: 2, status: 429, code: "rate_limit_error", message: "quota" },
      { code: "dify-rate-limit-error", retryable: false, message: /quota/ },
    ],
  ];
  for (const [name, fault, expected] of refusals) {
    it(`${name} is a DifyError with its code and its retryability`, async () => {
      await using world = await open({ faults: [fault] });
      await assert.rejects(world.run(), expected);
    });
  }
  it("an expired key names the setting and never shows the key", async () => {
    await using world = await open({ app: { keyExpired: true } });
    await assert.rejects(world.run(), (error: Error) => {
      assert.match(error.message, /DIFY_API_KEY/);
      assert.ok(!JSON.stringify([error.message, error.stack]).includes(KEY));
      return true;
    });
  });
  it("for its concurrency is run by the next attempt", async () => {
    await using world = await open({
      faults: [{ kind: "error-answer", status: 429, code: "too_many_requests" }],
    });
    const journal = createMemoryJournal();
    await assert.rejects(world.run(journal), { retryable: true });
    assertDone(await world.run(journal));
    assert.equal(world.standIn.runs().length, 1);
  });
  it("by an error event at the end is found ended by the next attempt", async () => {
    await using world = await open({
      faults: [
        { kind: "error-event", afterEvents: 2, status: 500, code: "internal_server_error", message: "x" },
      ],
    });
    const journal = createMemoryJournal();
    await assert.rejects(world.run(journal), { retryable: true });
    assertDone(await world.run(journal));
    assert.equal(world.standIn.runs().length, 1);
  });
  it("because nobody listens there leaves no intent behind", async () => {
    const gone = await startDifyStandIn({ apps: [app()] });
    await gone.close();
    const journal = createMemoryJournal();
    await using world = await open({ runner: { baseUrl: gone.url } });
    await assert.rejects(world.run(journal), { code: "dify-unreachable", retryable: true });
    assert.equal((await journal.entries("")).size, 0);
  });
});

describe("a run that waits in Dify's queue", () => {
  const limits = {
    pollMs: 10,
    lookupMs: 60,
    lookupAtEndMs: 60,
    idleMs: 40,
    stopMs: 50,
    totalMs: 20_000,
    queueMs: 20_000,
  };
  /** One run at a time; the first waits for the gate, the others for `later`. */
  const queued = (gate: Promise<unknown>, later: Promise<unknown> = gate, begun: string[] = []) => ({
    standIn: { workers: 1, pingMs: 10 },
    app: {
      program: async ({ user, signal }) => {
        begun.push(user);
        const aborted = new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        await Promise.race([begun.length === 1 ? gate : later, aborted]);
        return { status: "succeeded", outputs: { answer: "done" } };
      },
    } satisfies Partial<StandInApp>,
    runner: { limits },
  });
  const waitFor = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await delay(2);
  };
  type World = Awaited<ReturnType<typeof open>>;
  const second = (world: World, journal?: Journal, signal?: AbortSignal) =>
    world.run(journal, signal, "run-2");
  it("is held in silence for longer than its stream and its log may take, and asked for once", async () => {
    const gate = Promise.withResolvers<void>();
    await using world = await open(queued(gate.promise));
    const both = Promise.all([world.run(), second(world)]);
    // The log is looked at after each silence of the stream: by then both limits have passed.
    await waitFor(() => world.standIn.requests().filter(({ path }) => path.includes("/logs")).length > 4);
    gate.resolve();
    (await both).forEach(assertDone);
    assert.equal(world.standIn.requests().filter(({ method }) => method === "POST").length, 2);
  });
  it("whose stream breaks, or whose process dies, is found when it begins and never asked for again", async () => {
    const gate = Promise.withResolvers<void>();
    await using world = await open(queued(gate.promise));
    const first = world.run();
    const journal = createMemoryJournal();
    const shutdown = new AbortController();
    const stopped = second(world, journal, shutdown.signal);
    await waitFor(() => world.standIn.runs().length === 2);
    await waitFor(() => world.standIn.requests().some(({ path }) => path.includes("/logs")));
    shutdown.abort(new Error("shutting down"));
    await assert.rejects(stopped, /shutting down/);
    const resumed = second(world, journal);
    const looks = () => world.standIn.requests().filter(({ path }) => path.includes("/logs")).length;
    const before = looks();
    await waitFor(() => looks() > before + 3);
    gate.resolve();
    assertDone(await first);
    assertDone(await resumed);
    assert.equal(world.standIn.runs().length, 2);
  });
  it("fails for good after queue_timeout, and is not asked for again by itself", async () => {
    const gate = Promise.withResolvers<void>();
    const setup = queued(gate.promise);
    await using world = await open({ ...setup, runner: { limits: { ...limits, queueMs: 150 } } });
    const first = world.run();
    await waitFor(() => world.standIn.runs().length === 1);
    const journal = createMemoryJournal();
    const refusal = { code: "dify-queue-timeout", retryable: false, message: /dify\.queue_timeout/ };
    await assert.rejects(second(world, journal), refusal);
    await assert.rejects(second(world, journal), refusal);
    assert.equal(world.standIn.runs().length, 2);
    gate.resolve();
    assertDone(await first);
  });
  it("begins behind a worker that is restarted, and is asked for once", async () => {
    await using world = await open({ standIn: { workers: 0, pingMs: 10 }, runner: { limits } });
    const run = world.run();
    await waitFor(() => world.standIn.requests().filter(({ path }) => path.includes("/logs")).length > 2);
    world.standIn.startWorkers(1);
    assertDone(await run);
    assert.equal(world.standIn.runs().length, 1);
  });
  it("whose worker dies in the middle is given up by its own limit, reported and stopped", async () => {
    const gate = Promise.withResolvers<void>();
    const setup = queued(gate.promise);
    await using world = await open({ ...setup, runner: { limits: { ...limits, totalMs: 300 } } });
    const journal = createMemoryJournal();
    const run = world.run(journal);
    await waitFor(() => world.events.some(({ event }) => event === "workflow_started"));
    world.standIn.killWorkers();
    const refusal = { code: "dify-run-timeout", retryable: false };
    await assert.rejects(run, refusal);
    const [begun] = world.standIn.runs();
    const stops = world.standIn.requests().filter(({ path }) => path.endsWith("/stop"));
    assert.deepEqual(
      stops.map(({ path }) => path),
      [`/v1/workflows/tasks/${begun?.taskId}/stop`],
    );
    await assert.rejects(world.run(journal), refusal);
    assert.equal(world.standIn.runs().length, 1);
  });
  it("in blocking mode is not stopped, which costs no time", async () => {
    const gate = Promise.withResolvers<void>();
    const setup = queued(gate.promise);
    await using world = await open({
      ...setup,
      runner: { mode: "blocking", limits: { ...limits, stopMs: 60_000 } },
    });
    const controller = new AbortController();
    const run = world.run(undefined, controller.signal);
    await waitFor(() => world.standIn.runs().length === 1);
    controller.abort(new RunCancelled(reasonOf("merge-request-closed")));
    await assert.rejects(
      run,
      (error) =>
        error instanceof RunCancelled &&
        plainDetail(error.reason) === "dify.not-stopped why=dify.not-stopped.blocking",
    );
    assert.deepEqual(
      world.standIn.requests().filter(({ path }) => path.endsWith("/stop")),
      [],
    );
  });
  it("and is cancelled lets its caller go, and is stopped on Dify when it begins", async () => {
    const gate = Promise.withResolvers<void>();
    const setup = queued(gate.promise, new Promise(() => undefined));
    // The stop itself may take as long on a busy machine.
    await using world = await open({ ...setup, runner: { limits: { ...limits, stopMs: 3_000 } } });
    const first = world.run();
    await waitFor(() => world.standIn.runs().length === 1);
    const controller = new AbortController();
    let isSettled = false;
    const fence = (): void => {
      if (isSettled) throw new Error("the lease is over");
    };
    const cancelled = behindFence(fence, () => second(world, undefined, controller.signal));
    await waitFor(() => world.standIn.runs().length === 2);
    controller.abort(new RunCancelled(reasonOf("merge-request-closed")));
    await assert.rejects(
      cancelled,
      (error) => error instanceof RunCancelled && plainDetail(error.reason) === "dify.left-in-queue",
    );
    isSettled = true;
    const events = world.events.length;
    gate.resolve();
    assertDone(await first);
    await waitFor(() => world.standIn.runs()[1]?.status === "stopped");
    assert.deepEqual(
      world.events.slice(events).filter(({ event }) => event === "workflow_started"),
      [],
    );
  });
});
