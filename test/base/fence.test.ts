import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { StoreError } from "../../src/base/errors.ts";
import { behindFence } from "../../src/base/fence.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyTransport } from "../../src/dify/dify-transport.ts";
import { createTransport } from "../../src/gitlab/transport.ts";

const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(request.method ?? "");
  request.resume();
  response.setHeader("content-type", "application/json").end("{}");
});
let baseUrl = "";
before(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  baseUrl = `http://127.0.0.1:${address.port}`;
});
after(() => void server.close());

const lost = (): never => {
  throw new StoreError("lost", { code: "claim-lost", retryable: true });
};
const isLost = (error: unknown): boolean => error instanceof StoreError && error.code === "claim-lost";

/** A call of each adapter, by its method. */
const callers = (): readonly ((method: "GET" | "POST" | "DELETE") => Promise<unknown>)[] => {
  const token = new Secret("a-token");
  const gitlab = createTransport({
    baseUrl,
    token,
    userAgent: "test",
    timeoutMs: 5_000,
    maxBytes: 1_000,
    clock: systemClock,
    fetch: globalThis.fetch,
  });
  const context = { baseUrl, token, tokenName: "GITLAB_TOKEN", route: "/projects" };
  const dify = createDifyTransport({
    baseUrl,
    apiKey: token,
    connectMs: 5_000,
    answerMs: 5_000,
    clock: systemClock,
  });
  return [
    (method) => gitlab({ route: "/projects", method }, { ...context, method }),
    (method) => dify.json({ what: "a call", method, path: "/runs", urgent: true }, z.object({})),
  ];
};

describe("a fence", () => {
  it("is asked before every write to GitLab and Dify, however deep, and before no reading", async () => {
    for (const call of callers()) {
      requests.length = 0;
      await behindFence(lost, async () => {
        for (const method of ["POST", "DELETE"] as const) await assert.rejects(call(method), isLost);
        await call("GET");
      });
      assert.deepEqual(requests, ["GET"]);
      await behindFence(
        () => undefined,
        () => call("POST"),
      );
      await call("DELETE");
      assert.deepEqual(requests, ["GET", "POST", "DELETE"]);
    }
  });
});
