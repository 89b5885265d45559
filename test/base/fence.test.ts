import { verbatim } from "../../src/messages/message.ts";
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
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { createTransport } from "../../src/gitlab/transport.ts";
import { createModelFetch } from "../../src/llm/model-wire.ts";

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
  throw new StoreError(verbatim("lost"), { code: "claim-lost", retryable: true });
};
const isLost = (error: unknown): boolean => error instanceof StoreError && error.code === "claim-lost";

type Caller = (method: "GET" | "POST" | "DELETE") => Promise<unknown>;

/** A call of each adapter that writes for a run, by its method. */
const callers = (): readonly Caller[] => {
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
  const context = { baseUrl, token, tokenName: "GITLAB_TOKEN", isOwnToken: true, route: "/projects" };
  const dify = createDifyTransport({
    baseUrl,
    apiKey: token,
    connectMs: 5_000,
    answerMs: 5_000,
    clock: systemClock,
  });
  const egress = createGuardedHttpClient({ allow: [new URL(baseUrl).host] });
  const limits = {
    headers: [],
    body: new Uint8Array(),
    connectTimeoutMs: 5_000,
    readTimeoutMs: 5_000,
    writeTimeoutMs: 5_000,
    maxResponseBytes: 1_000,
    verifyTls: true,
    signal: AbortSignal.timeout(60_000),
  };
  return [
    (method) => gitlab({ route: "/projects", method }, { ...context, method }),
    (method) => dify.json({ route: "/runs", method, path: "/runs", urgent: true }, z.object({})),
    (method) => egress.send({ ...limits, method, url: `${baseUrl}/notes` }),
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

  it("is asked again when there is a connection, before the first byte is sent", async () => {
    const model = createModelFetch(1_000);
    const writes: readonly Caller[] = [...callers(), (method) => model(baseUrl, { method, body: "{}" })];
    for (const call of writes) {
      requests.length = 0;
      let asked = 0;
      // The process stands still between asking for a connection and having it.
      const late = (): void => {
        asked += 1;
        if (asked > 1) lost();
      };
      await assert.rejects(
        behindFence(late, () => call("POST")),
        isLost,
      );
      assert.equal(asked, 2);
      assert.deepEqual(requests, []);
    }
  });
});
