import { plainDetail } from "../messages/plain.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import type { StandInApp } from "../../standins/dify/stand-in-app.ts";
import { assertDone, KEY, open, type Setup } from "./fault-world.ts";

const QUICK = { pollMs: 15, lookupMs: 250, lookupAtEndMs: 1_500, stopMs: 250, idleMs: 150, answerMs: 1_000 };

describe("a run that was interrupted", () => {
  const intent = async (ageMs: number): Promise<Journal> => {
    const journal = createMemoryJournal();
    const atMs = Date.now() - ageMs;
    await journal.write("dify-run", { state: "intent", mode: "streaming", user: "reviewflow-run-1", atMs });
    return journal;
  };
  const crashAfterPost = async (setup: Setup) => {
    const world = await open(setup);
    const answer = fetch(`${world.standIn.url}/v1/workflows/run`, {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ inputs: { prjid: "7" }, user: "reviewflow-run-1", response_mode: "streaming" }),
    });
    await (await answer).body?.cancel();
    return world;
  };
  it("between the request and its first event is found in the log", async () => {
    await using world = await crashAfterPost({});
    assertDone(await world.run(await intent(10)));
    assert.equal(world.standIn.runs().length, 1);
  });
  it("is found however long this process was away, also past the queue's limit", async () => {
    for (const state of ["intent", "queued"]) {
      await using world = await crashAfterPost({});
      await waitFor(() => world.standIn.runs()[0]?.status === "succeeded");
      const journal = createMemoryJournal();
      const atMs = Date.now() - 2 * 3_600_000;
      await journal.write("dify-run", { state, mode: "streaming", user: "reviewflow-run-1", atMs });
      assertDone(await world.run(journal));
      assert.equal(world.standIn.runs().length, 1);
    }
  });
  it("is found on a Dify that logs runs only at their end", async () => {
    await using world = await crashAfterPost({ standIn: { version: "1.9.2" } });
    assertDone(await world.run(await intent(10)));
    assert.equal(world.standIn.runs().length, 1);
  });
  it("before the request left is run when its time has passed", async () => {
    await using world = await open();
    assertDone(await world.run(await intent(100)));
    assert.equal(world.standIn.runs().length, 1);
  });
  it("ignores a journal entry that nobody understands", async () => {
    await using world = await open();
    const journal = createMemoryJournal();
    await journal.write("dify-run", { state: "from the future" });
    assertDone(await world.run(journal));
  });
});

describe("a run that is cancelled", () => {
  const cancelAt = (kind: FlowEvent["event"], events: FlowEvent[]) => {
    const controller = new AbortController();
    const reason = new RunCancelled(reasonOf("merge-request-closed"));
    const watch = setInterval(() => {
      if (events.some((event) => event.event === kind)) controller.abort(reason);
    }, 5);
    return { signal: controller.signal, reason, controller, [Symbol.dispose]: () => clearInterval(watch) };
  };
  const endless: Partial<StandInApp> = {
    program: async ({ node, sleep }) => {
      await node({ id: "a", type: "code", title: "A" }, async () => {
        await sleep(60_000);
        return { outputs: {} };
      });
      return { status: "succeeded", outputs: {} };
    },
  };
  it("is given up with the reason when Dify ignores the stop", async () => {
    await using world = await open({ app: endless, faults: [{ kind: "stop-ignored" }] });
    using cancel = cancelAt("node_started", world.events);
    await assert.rejects(world.run(undefined, cancel.signal), (error: Error) => {
      assert.ok(error instanceof RunCancelled);
      assert.match(plainDetail(error.reason), /^dify\.not-stopped why=dify\.not-stopped\.went-on ms=/);
      assert.equal(error.cause, cancel.reason);
      return true;
    });
  });
  it("keeps the reason of its limit when the events that name its task break", async () => {
    await using world = await open({ app: endless, runner: { limits: { ...QUICK, totalMs: 300 } } });
    const journal = createMemoryJournal();
    const shutdown = new AbortController();
    const first = world.run(journal, shutdown.signal);
    await waitFor(() => world.events.some((event) => event.event === "node_started"));
    shutdown.abort(new Error("shutting down"));
    await assert.rejects(first, /shutting down/);
    await journal.write("dify-run", {
      state: "started",
      mode: "streaming",
      user: "reviewflow-run-1",
      atMs: Date.now(),
      workflowRunId: world.standIn.runs()[0]?.id ?? "",
      taskId: null,
    });
    world.standIn.fail({ kind: "cut", at: "events", afterEvents: 0, fate: "continues", times: 500 });
    await assert.rejects(world.run(journal), { code: "dify-run-timeout", retryable: false });
  });
  it("before Dify told its name is stopped once it is told", async () => {
    await using world = await open({ app: endless, faults: [{ kind: "slow", ms: 400 }] });
    const controller = new AbortController();
    const reason = new RunCancelled(reasonOf("merge-request-closed"));
    const run = world.run(undefined, controller.signal);
    void (async () => {
      await waitFor(() => world.standIn.runs().length > 0);
      controller.abort(reason);
    })();
    await assert.rejects(run, (error) => error === reason);
    assert.deepEqual(
      world.standIn.runs().map(({ status }) => status),
      ["stopped"],
    );
  });
  it("after a crash is stopped by the task id of its next live frame", async () => {
    const steps: StandInApp["program"] = async ({ node, sleep, signal }) => {
      while (!signal.aborted)
        await node({ id: "a", type: "code", title: "A" }, async () => {
          await sleep(20);
          return { outputs: {} };
        });
      return { status: "succeeded", outputs: {} };
    };
    await using world = await open({ app: { program: steps } });
    const journal = createMemoryJournal();
    const shutdown = new AbortController();
    const first = world.run(journal, shutdown.signal);
    await waitFor(() => world.events.some((event) => event.event === "node_started"));
    shutdown.abort(new Error("shutting down"));
    await assert.rejects(first, /shutting down/);
    const [begun] = world.standIn.runs();
    assert.equal(begun?.status, "running");
    const user = "reviewflow-run-1";
    await journal.write("dify-run", {
      state: "started",
      mode: "streaming",
      user,
      atMs: Date.now(),
      workflowRunId: begun?.id ?? "",
      taskId: null,
    });
    const cancelled = AbortSignal.abort(new RunCancelled(reasonOf("merge-request-closed")));
    await assert.rejects(world.run(journal, cancelled), RunCancelled);
    assert.deepEqual(
      world.standIn.runs().map(({ status }) => status),
      ["stopped"],
    );
  });
});

const waitFor = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("other ways of a run", () => {
  it("waits in Dify's queue behind another without being taken for dead", async () => {
    await using world = await open({ runner: { limits: { idleMs: 60, pollMs: 15 } } });
    const both = await Promise.all([world.run(), world.run()]);
    both.forEach(assertDone);
    assert.equal(world.standIn.runs().length, 2);
  });
  it("hides the values of inputs that are named like secrets", async () => {
    await using world = await open();
    await world.run();
    assert.ok(!JSON.stringify(world.events).includes("glpat-secret-value"));
    assert.equal(world.standIn.runs()[0]?.inputs["PrivateToken"], "glpat-secret-value");
  });
  it("hides them in the outcome too, which is noted and may be posted", async () => {
    const echo: StandInApp["program"] = async ({ inputs }) => ({
      status: "succeeded",
      outputs: { answer: `with ${String(inputs["PrivateToken"])}` },
    });
    for (const mode of ["streaming", "blocking"] as const) {
      await using world = await open({ app: { program: echo }, runner: { mode } });
      const journal = createMemoryJournal();
      assert.deepEqual((await world.run(journal)).outputs, { answer: "with [secret]" });
      // Taken up again, the outcome comes from Dify's record of the run.
      assert.deepEqual((await world.run(journal)).outputs, { answer: "with [secret]" });
    }
  });
  it("in blocking mode gives the outcome, and a proxy's 504 is looked up", async () => {
    await using world = await open({ runner: { mode: "blocking" } });
    assertDone(await world.run());
    world.standIn.fail({ kind: "html", status: 504, runs: true });
    assertDone(await world.run());
    world.standIn.fail({ kind: "reset", runs: true });
    assertDone(await world.run());
    // A page in the place of the answer: the run has ended, and is not thrown away.
    world.standIn.fail({ kind: "html", status: 200, runs: true });
    assertDone(await world.run());
    assert.equal(world.standIn.requests().filter(({ method }) => method === "POST").length, 4);
  });
});
