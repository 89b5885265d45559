import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { startDifyStandIn, type DifyStandInOptions } from "../../../standins/dify/dify-stand-in.ts";
import { modelFailure, type Program, type StandInApp } from "../../../standins/dify/stand-in-app.ts";
import type { Frame } from "../../dify/transcripts.ts";
import { eventsOf, send, type Request } from "./dify-world.ts";

const app: StandInApp = {
  name: "echo",
  key: "app-echo",
  workflowIds: ["0b7d3f86-6f5a-4f0e-9f0c-6f6f1a5c0a01"],
  form: [
    { variable: "text", type: "text-input", required: true, max_length: 5 },
    { variable: "tone", type: "select", options: ["kind", "stern"], default: "kind" },
    { variable: "count", type: "number" },
  ],
  program: async ({ inputs }) => ({ status: "succeeded", outputs: inputs }),
};

/** Runs until it is stopped. */
const endless: Program = async ({ node, sleep }) => {
  await node({ id: "a", type: "code", title: "A" }, async () => {
    await sleep(1_000_000_000);
    return { outputs: {} };
  });
  return { status: "succeeded", outputs: {} };
};

const open = async (more: Partial<StandInApp> = {}, options: Partial<DifyStandInOptions> = {}) => {
  const standIn = await startDifyStandIn({ apps: [{ ...app, ...more }], ...options });
  const ask = (request: Request) => send(standIn, { key: "app-echo", ...request });
  const get = async (request: Request) => {
    const answer = await (await ask(request)).ended();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
    const json = isJson ? z.record(z.string(), z.unknown()).parse(JSON.parse(answer.body)) : {};
    return { ...answer, json };
  };
  const asked = (mode: string, inputs: object = { text: "ok" }, user = "u1"): Request => ({
    path: "/v1/workflows/run",
    body: { inputs, user, response_mode: mode },
  });
  const stop = (id: string) => get({ path: `/v1/workflows/tasks/${id}/stop`, body: { user: "u9" } });
  const detail = (id: string) => get({ path: `/v1/workflows/run/${id}` });
  return { standIn, ask, get, asked, stop, detail, [Symbol.asyncDispose]: standIn.close };
};

const dataOf = (json: Readonly<Record<string, unknown>>) =>
  z.record(z.string(), z.unknown()).parse(json["data"]);
const pingsOf = (frames: readonly Frame[]): number => frames.filter(({ ping }) => ping).length;
const namesOf = (frames: readonly Frame[]): readonly unknown[] => eventsOf(frames).map(({ event }) => event);
const FAST = { scale: 0.0005 };

describe("the Dify stand-in's inputs", () => {
  it("are kept when declared, filled from defaults, and dropped when unknown", async () => {
    await using world = await open();
    const { status, json } = await world.get(
      world.asked("blocking", { text: "hello", count: "3", other: 1 }),
    );
    assert.equal(status, 200);
    assert.deepEqual(dataOf(json)["outputs"], { text: "hello", tone: "kind", count: 3 });
  });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{}, /text is required in input form/],
    [{ text: 7 }, /text in input form must be a string/],
    [{ text: "longer" }, /less than 5 characters/],
    [{ text: "ok", tone: "cross" }, /one of the following: \['kind', 'stern'\]/],
    [{ text: "ok", count: "many" }, /valid number/],
  ];
  for (const [inputs, message] of wrong) {
    it(`are refused when they are ${JSON.stringify(inputs)}, in a stream by an event without code and ids`, async () => {
      await using world = await open();
      const { status, json } = await world.get(world.asked("blocking", inputs));
      assert.deepEqual([status, json["code"]], [400, "invalid_param"]);
      assert.match(z.string().parse(json["message"]), message);
      const stream = await world.ask(world.asked("streaming", inputs));
      const { frames } = await stream.until((all) => eventsOf(all).length > 0);
      assert.deepEqual(eventsOf(frames), [{ event: "error", message: json["message"], status: 500 }]);
      assert.equal(world.standIn.runs().length, 0);
    });
  }
  it("may have as many characters as the form says, and no more", async () => {
    await using world = await open({
      form: [{ variable: "text", type: "paragraph", max_length: 400_000 }],
    });
    const lengths = [400_000, 400_001];
    const answers = lengths.map((count) => world.get(world.asked("blocking", { text: "あ".repeat(count) })));
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 400],
    );
  });
});

describe("the Dify stand-in's refusals", () => {
  it("have Dify's codes for keys, users, bodies, versions, routes and methods", async () => {
    await using world = await open();
    const path = "/v1/workflows/run";
    const body = { inputs: { text: "ok" }, user: "u1" };
    const unknown = "0b7d3f86-6f5a-4f0e-9f0c-6f6f1a5c0a02";
    const answers = await Promise.all([
      world.get({ path, body, key: null }),
      world.get({ path, body, key: "app-other" }),
      world.get({ path, body: { inputs: {} } }),
      world.get({ path, body: { user: "u1" } }),
      world.get({ path, raw: "{" }),
      world.get({ path, raw: "text=ok", headers: { "content-type": "text/plain" } }),
      world.get({ path: "/v1/workflows/newest/run", body }),
      world.get({ path: `/v1/workflows/${unknown}/run`, body }),
      world.get({ path }),
      world.get({ path: "/v1/nothing" }),
      world.get({ path: "/v1/" }),
      world.get({ path: "/v1/workflows/run/nope" }),
      world.get({ path: `/v1/workflows/run/${unknown}` }),
      world.get({ path: "/v1/workflows/logs?limit=101" }),
    ]);
    assert.deepEqual(
      answers.map(({ status, json }) => [status, json["code"]]),
      [
        [401, "unauthorized"],
        [401, "unauthorized"],
        [400, "invalid_param"],
        [400, "invalid_param"],
        [400, "bad_request"],
        [415, "unsupported_media_type"],
        [400, "bad_request"],
        [404, "not_found"],
        [405, "method_not_allowed"],
        [404, undefined],
        [404, undefined],
        [500, "unknown"],
        [404, "not_found"],
        [400, "invalid_param"],
      ],
    );
    assert.ok(answers.every(({ headers }) => headers.get("x-version") === "1.14.2"));
  });
  it("distinguish a workflow from every other kind of app, whose parameters and kind are answered all the same", async () => {
    for (const mode of ["chat", "agent-chat", "completion", "advanced-chat"] as const) {
      await using world = await open({ mode });
      const { json } = await world.get(world.asked("blocking"));
      assert.equal(json["code"], "not_workflow_app");
      assert.equal((await world.get({ path: "/v1/parameters" })).status, 200);
      assert.equal((await world.get({ path: "/v1/info" })).json["mode"], mode);
    }
  });
  it("come for more requests at once than the app allows, of which a streaming run needs two to begin", async () => {
    await using world = await open({ maxActiveRequests: 3, program: endless });
    const begin = () => world.ask(world.asked("streaming"));
    const running = [await begin(), await begin()];
    const third = await world.get(world.asked("streaming"));
    assert.deepEqual([third.status, third.json["code"]], [400, "invalid_param"]);
    assert.match(z.string().parse(third.json["message"]), /^Too many requests\..* is 3\.$/);
    // Whoever reads no more frees a place, though the run goes on.
    for (const stream of running) stream.leave();
    for (;;) {
      const next = await world.ask(world.asked("streaming"));
      const { status } = await next.until(() => true);
      if (status === 200) break;
    }
  });
});

describe("the Dify stand-in's queue", () => {
  it("gives one ping and then nothing to a run that waits, which no log and no detail knows", async () => {
    await using world = await open({ program: endless }, FAST);
    const running = await world.ask(world.asked("streaming"));
    const waiting = await world.ask(world.asked("streaming"));
    await running.until((frames) => pingsOf(frames) >= 4);
    const { frames } = await waiting.until(() => true);
    assert.deepEqual(frames, [{ ping: true }]);
    const [first, second] = world.standIn.runs();
    assert.deepEqual([first?.status, second?.status], ["running", "scheduled"]);
    assert.equal((await world.detail(second?.id ?? "")).status, 404);
    assert.equal((await world.get({ path: "/v1/workflows/logs" })).json["total"], 1);
    await world.stop(first?.taskId ?? "");
    await waiting.until((all) => namesOf(all).includes("workflow_started"));
    assert.equal(second?.status, "running");
  });
  it("runs two reviews of 75 s one after the other", async () => {
    await using world = await open({ runMs: 75_000 }, FAST);
    const first = await world.ask(world.asked("streaming"));
    const second = await world.ask(world.asked("streaming"));
    const { frames } = await second.until((all) => eventsOf(all).length > 0);
    assert.equal(
      frames.findIndex(({ ping }) => !ping),
      1,
      "one ping in the queue",
    );
    assert.deepEqual(
      world.standIn.runs().map(({ status }) => status),
      ["succeeded", "running"],
    );
    const ends = [await first.ended(), await second.ended()].map((answer) => namesOf(answer.frames).at(-1));
    assert.deepEqual(ends, ["workflow_finished", "workflow_finished"]);
  });
  it("begins what waits when its worker is started again", async () => {
    await using world = await open({}, FAST);
    world.standIn.killWorkers();
    const stream = await world.ask(world.asked("streaming"));
    assert.deepEqual((await stream.until((frames) => frames.length > 0)).frames, [{ ping: true }]);
    world.standIn.startWorkers(1);
    assert.deepEqual(namesOf((await stream.ended()).frames), ["workflow_started", "workflow_finished"]);
  });
  it("leaves a run whose worker died as it is: no pings, running for ever, not to be stopped", async () => {
    await using world = await open({ program: endless }, { ...FAST, workers: 1 });
    const orphan = await world.ask(world.asked("streaming"));
    await orphan.until((frames) => eventsOf(frames).length === 2);
    world.standIn.killWorkers();
    const before = (await orphan.until(() => true)).frames.length;
    world.standIn.startWorkers(1);
    const other = await world.ask(world.asked("streaming"));
    await other.until((frames) => pingsOf(frames) >= 4);
    assert.equal((await orphan.until(() => true)).frames.length, before);
    assert.equal(orphan.hasEnded(), false);
    const [run] = world.standIn.runs();
    assert.deepEqual((await world.stop(run?.taskId ?? "")).json, { result: "success" });
    assert.equal((await world.detail(run?.id ?? "")).json["status"], "running");
  });
  it("loses the worker of one run after so many events, and has another for the next", async () => {
    await using world = await open({ program: endless }, FAST);
    world.standIn.fail({ kind: "worker-dies", afterEvents: 2 });
    const orphan = await world.ask(world.asked("streaming"));
    const { frames } = await orphan.until((all) => eventsOf(all).length === 2);
    assert.deepEqual(namesOf(frames), ["workflow_started", "node_started"]);
    const other = await world.ask(world.asked("streaming"));
    await other.until((all) => pingsOf(all) >= 3);
    assert.equal(orphan.hasEnded(), false);
  });
});

describe("the Dify stand-in's runs", () => {
  it("are shown with their inputs as JSON text, the system's among them", async () => {
    await using world = await open();
    const { json } = await world.get(world.asked("blocking", { text: "hello" }));
    const { json: detail } = await world.detail(z.string().parse(json["workflow_run_id"]));
    assert.equal(detail["status"], "succeeded");
    const inputs = z.record(z.string(), z.unknown()).parse(JSON.parse(z.string().parse(detail["inputs"])));
    assert.deepEqual([inputs["text"], inputs["tone"], inputs["sys.user_id"]], ["hello", "kind", "u1"]);
  });
  it("are found in the log by their user, newest first", async () => {
    await using world = await open();
    for (const user of ["u1", "u2", "u1"]) await world.get(world.asked("blocking", { text: user }, user));
    const path = "/v1/workflows/logs?created_by_end_user_session_id=";
    const { json } = await world.get({ path: `${path}u1&limit=1` });
    assert.deepEqual([json["total"], json["has_more"]], [2, true]);
    assert.equal((await world.get({ path: `${path}u3` })).json["total"], 0);
  });
  it("are in the log only when they have ended, before 1.14", async () => {
    await using world = await open({ program: endless }, { version: "1.13.3" });
    const stream = await world.ask(world.asked("streaming"));
    await stream.until((frames) => eventsOf(frames).length === 2);
    const { json, headers } = await world.get({ path: "/v1/workflows/logs" });
    assert.deepEqual([json["total"], headers.get("x-version")], [0, "1.13.3"]);
  });
  it("are watched by their own user only, and stopped by anybody who knows the task", async () => {
    await using world = await open({ program: endless });
    const stream = await world.ask(world.asked("streaming"));
    await stream.until((frames) => eventsOf(frames).length === 2);
    const [run] = world.standIn.runs();
    assert.equal((await world.get({ path: `/v1/workflow/${run?.id ?? ""}/events?user=u2` })).status, 404);
    await world.stop(run?.id ?? "");
    assert.equal(run?.status, "running");
    await world.stop(run.taskId);
    const end = dataOf(eventsOf((await stream.ended()).frames).at(-1) ?? {});
    assert.deepEqual([end["status"], end["error"]], ["stopped", "Stopped by user."]);
    assert.equal((await world.detail(run.id)).json["error"], "Aborted: User requested stop");
  });
  it("in blocking mode publish no events, and name their task only in their answer", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const program: Program = async ({ node, inputs }) => {
      await node({ id: "a", type: "code", title: "A" }, async () => {
        await promise;
        return { outputs: {} };
      });
      return { status: "succeeded", outputs: inputs };
    };
    await using world = await open({ program });
    const answer = world.get(world.asked("blocking"));
    while (world.standIn.runs().length === 0) await new Promise(setImmediate);
    const [run] = world.standIn.runs();
    const path = `/v1/workflow/${run?.id ?? ""}/events?user=u1&include_state_snapshot=true`;
    const joined = await world.ask({ path });
    const { frames } = await joined.until((all) => eventsOf(all).length === 2);
    assert.ok(eventsOf(frames).every(({ task_id }) => task_id === run?.id));
    resolve();
    assert.equal((await answer).json["task_id"], run?.taskId);
    assert.equal(eventsOf((await joined.until(() => true)).frames).length, 2);
    joined.leave();
  });
  it("say partial-succeeded of a retry that succeeded, and give a model's failure as JSON in JSON", async () => {
    let tried = 0;
    const program: Program = async ({ node }) => {
      const retry = { times: 1, intervalMs: 1_000 };
      await node({ id: "llm", type: "llm", title: "LLM", retry }, () => {
        tried += 1;
        if (tried % 2 === 1) throw modelFailure(529, { message: "Overloaded", type: "overloaded_error" });
        return { outputs: { text: "done" }, usage: { prompt_tokens: 3, completion_tokens: 2 } };
      });
      return { status: "succeeded", outputs: {} };
    };
    await using world = await open({ program }, FAST);
    const { frames } = await (await world.ask(world.asked("streaming"))).ended();
    const retried = eventsOf(frames).find(({ event }) => event === "node_retry");
    const [, plugin = ""] = /PluginInvokeError: (.*)$/.exec(String(dataOf(retried ?? {})["error"])) ?? [];
    const { message } = z.object({ message: z.string() }).parse(JSON.parse(plugin));
    const server: unknown = JSON.parse(message.slice(message.indexOf("{")));
    assert.deepEqual(server, {
      error: { message: "Overloaded", type: "overloaded_error", param: null, code: null },
    });
    const end = dataOf(eventsOf(frames).at(-1) ?? {});
    assert.deepEqual(
      [end["status"], end["exceptions_count"], end["total_tokens"]],
      ["partial-succeeded", 1, 5],
    );
  });
  it("get no pings after an error event, and the stream stays open", async () => {
    await using world = await open({}, FAST);
    const stream = await world.ask(world.asked("streaming", {}));
    const before = (await stream.until((frames) => eventsOf(frames).length === 1)).frames.length;
    await using other = await open({ program: endless }, FAST);
    await (await other.ask(other.asked("streaming"))).until((frames) => pingsOf(frames) >= 3);
    assert.equal((await stream.until(() => true)).frames.length, before);
    assert.equal(stream.hasEnded(), false);
  });
  it("leave no key in the record of requests", async () => {
    await using world = await open();
    await world.get(world.asked("blocking"));
    assert.ok(!JSON.stringify(world.standIn.requests()).includes("app-echo"));
  });
});
