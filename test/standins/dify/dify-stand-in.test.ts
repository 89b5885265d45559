import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { startDifyStandIn, type DifyStandInOptions } from "../../../standins/dify/dify-stand-in.ts";
import type { StandInApp } from "../../../standins/dify/stand-in-app.ts";

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

const open = async (more: Partial<StandInApp> = {}, options: Partial<DifyStandInOptions> = {}) => {
  const standIn = await startDifyStandIn({ apps: [{ ...app, ...more }], ...options });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${standIn.url}/v1${path}`, {
      method,
      headers: { authorization: "Bearer app-echo", "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = text.startsWith("{") ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {};
    return { status: answer.status, json, text };
  };
  const run = (inputs: unknown, user = "u1", mode = "blocking") =>
    call("POST", "/workflows/run", { inputs, user, response_mode: mode });
  return { standIn, call, run, [Symbol.asyncDispose]: standIn.close };
};

const dataOf = (json: Readonly<Record<string, unknown>>) =>
  z.record(z.string(), z.unknown()).parse(json["data"]);

describe("the Dify stand-in's inputs", () => {
  it("are kept when declared, filled from defaults, and dropped when unknown", async () => {
    await using world = await open();
    const { status, json } = await world.run({ text: "hello", count: "3", other: 1 });
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
    it(`are refused when they are ${JSON.stringify(inputs)}`, async () => {
      await using world = await open();
      const { status, json } = await world.run(inputs);
      assert.equal(status, 400);
      assert.equal(json["code"], "invalid_param");
      assert.match(z.string().parse(json["message"]), message);
      assert.equal(world.standIn.runs().length, 0);
    });
  }
});

describe("the Dify stand-in's refusals", () => {
  it("have Dify's codes for keys, users, bodies, versions, routes and methods", async () => {
    await using world = await open();
    const body = { inputs: { text: "ok" }, user: "u1" };
    const answers = await Promise.all([
      world.call("POST", "/workflows/run", body, { authorization: "app-echo" }),
      world.call("POST", "/workflows/run", body, { authorization: "Bearer app-other" }),
      world.call("POST", "/workflows/run", { inputs: {} }),
      world.call("POST", "/workflows/run", { user: "u1" }),
      world.call("POST", "/workflows/run", "{"),
      world.call("POST", "/workflows/run", "text=ok", { "content-type": "text/plain" }),
      world.call("POST", "/workflows/newest/run", body),
      world.call("POST", "/workflows/0b7d3f86-6f5a-4f0e-9f0c-6f6f1a5c0a02/run", body),
      world.call("GET", "/workflows/run"),
      world.call("GET", "/nothing"),
      world.call("GET", "/workflows/run/unknown"),
      world.call("GET", "/workflows/logs?limit=101"),
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
        [404, "not_found"],
        [404, "not_found"],
        [400, "invalid_param"],
      ],
    );
  });
  it("tell a chat app from a workflow", async () => {
    await using world = await open({ mode: "advanced-chat" });
    assert.equal((await world.run({ text: "ok" })).json["code"], "not_workflow_app");
  });
  it("hold back more runs at once than the app allows", async () => {
    await using world = await open({
      maxActiveRequests: 1,
      program: async ({ sleep }) => {
        await sleep(60_000);
        return { status: "succeeded", outputs: {} };
      },
    });
    const first = new AbortController();
    await fetch(`${world.standIn.url}/v1/workflows/run`, {
      method: "POST",
      headers: { authorization: "Bearer app-echo", "content-type": "application/json" },
      body: JSON.stringify({ inputs: { text: "ok" }, user: "u1", response_mode: "streaming" }),
      signal: first.signal,
    });
    const second = await world.run({ text: "ok" });
    assert.deepEqual([second.status, second.json["code"]], [429, "too_many_requests"]);
    first.abort();
  });
  it("tell a wrong input in the stream when one was asked for", async () => {
    await using world = await open();
    const answer = await fetch(`${world.standIn.url}/v1/workflows/run`, {
      method: "POST",
      headers: { authorization: "Bearer app-echo", "content-type": "application/json" },
      body: JSON.stringify({ inputs: {}, user: "u1", response_mode: "streaming" }),
    });
    assert.equal(answer.status, 200);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first: unknown = (await reader?.read())?.value;
    assert.match(z.string().parse(first), /"event":"error","code":"invalid_param"/);
  });
});

describe("the Dify stand-in's runs", () => {
  it("are shown with their inputs as JSON text", async () => {
    await using world = await open();
    const { json } = await world.run({ text: "hello" });
    const { json: detail } = await world.call(
      "GET",
      `/workflows/run/${z.string().parse(json["workflow_run_id"])}`,
    );
    assert.equal(detail["status"], "succeeded");
    assert.deepEqual(JSON.parse(z.string().parse(detail["inputs"])), {
      text: "hello",
      tone: "kind",
      count: null,
    });
  });
  it("are found in the log by their user, newest first", async () => {
    await using world = await open();
    for (const user of ["u1", "u2", "u1"]) await world.run({ text: user }, user);
    const { json } = await world.call("GET", "/workflows/logs?created_by_end_user_session_id=u1&limit=1");
    assert.deepEqual([json["total"], json["has_more"]], [2, true]);
    const { json: none } = await world.call("GET", "/workflows/logs?created_by_end_user_session_id=u3");
    assert.equal(none["total"], 0);
  });
  it("are stopped and watched by their own user only", async () => {
    await using world = await open();
    const { json } = await world.run({ text: "hello" });
    const id = z.string().parse(json["workflow_run_id"]);
    assert.equal((await world.call("GET", `/workflow/${id}/events?user=u2`)).status, 404);
    const { text } = await world.call("GET", `/workflow/${id}/events?user=u1`);
    assert.match(text, /^data: \{"event":"workflow_finished"/);
    const stopped = await world.call("POST", "/workflows/tasks/unknown/stop", { user: "u1" });
    assert.deepEqual(stopped.json, { result: "success" });
  });
  it("leave no key in the record of requests", async () => {
    await using world = await open();
    await world.run({ text: "hello" });
    assert.ok(!JSON.stringify(world.standIn.requests()).includes("app-echo"));
  });
});
