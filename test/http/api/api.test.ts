import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { StoreError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createApi } from "../../../src/http/api/api.ts";
import { createClientOf } from "../../../src/http/client-of.ts";
import { createAttemptLimit } from "../../../src/http/dashboard/attempt-limit.ts";
import type { AccessOptions } from "../../../src/http/dashboard/dashboard-options.ts";
import { type Flood, startFlood } from "../../logged-lines.ts";
import { handClock, TOKEN } from "../dashboard/dashboard-setup.ts";

const things = new Hono();
things.get("/one", (context) => context.json({ thing: 1 }));
things.get("/broken", () => {
  throw new StoreError(verbatim("The database is away."), { code: "store-unavailable" });
});
things.get("/faulty", () => {
  throw new TypeError("glpat-in-a-message");
});
things.post("/one", async (context) => context.json({ got: await context.req.json<unknown>() }));

const setUp = (access: Partial<AccessOptions> = {}, flood?: Flood) => {
  const clock = handClock();
  const api = createApi({
    access: {
      host: "127.0.0.1",
      publicUrl: null,
      adminToken: new Secret(TOKEN),
      gitlab: null,
      sessionMs: 1,
      ...access,
    },
    attempts: createAttemptLimit(clock),
    clientOf: createClientOf([]),
    secrets: [new Secret(TOKEN)],
    clock: flood?.clock ?? clock,
    logger: flood?.logger ?? silentLogger,
    parts: [{ path: "/things", routes: things }],
  });
  const app = new Hono().route("/api", api);
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await app.request(`http://127.0.0.1:8080${path}`, {
      ...init,
      headers: { host: "127.0.0.1:8080", ...headers },
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { ask, clock };
};

const BEARER = { authorization: `Bearer ${TOKEN}` };

describe("the API for the command line", () => {
  it("takes the admin token and nothing else", async () => {
    const { ask } = setUp();
    const got = await ask("/api/things/one", BEARER);
    assert.deepEqual([got.status, got.text], [200, '{"thing":1}']);
    assert.equal(got.headers.get("cache-control"), "no-store");
    for (const headers of [{}, { authorization: TOKEN }, { authorization: `Basic ${TOKEN}` }]) {
      const refused = await ask("/api/things/one", headers);
      assert.equal(refused.status, 401);
      assert.match(refused.text, /admin-token-wrong.*REVIEWFLOW_ADMIN_TOKEN/);
    }
    assert.equal((await ask("/api/nothing")).status, 401, "routes are not told to strangers");
  });

  it("writes thirty lines a minute of who has no token or a wrong one, and how many there were besides", async () => {
    const flood = startFlood();
    const { ask } = setUp({}, flood);
    for (let at = 0; at < 500; at += 1)
      await ask("/api/things/one", at % 10 === 0 ? { authorization: "Bearer wrong" } : {});
    assert.equal(flood.lines.length, 30);
    await flood.endMinute();
    assert.deepEqual(flood.lines.slice(30), [
      { level: "warn", message: "API request refused", leftOut: 430 },
    ]);
    await ask("/api/things/one");
    assert.equal(flood.lines.length, 32, "the next minute has lines of its own");
  });

  it("holds back who guesses for a minute, and never the right token", async () => {
    const { ask, clock } = setUp();
    for (let attempt = 0; attempt < 10; attempt += 1)
      assert.equal((await ask("/api/things/one", { authorization: `Bearer wrong-${attempt}` })).status, 401);
    const wrong = { authorization: "Bearer wrong-again" };
    const held = await ask("/api/things/one", wrong);
    assert.equal(held.status, 429);
    assert.ok(Number(held.headers.get("retry-after")) > 0);
    assert.equal((await ask("/api/things/one", BEARER)).status, 200);
    clock.forward(61_000);
    assert.equal((await ask("/api/things/one", wrong)).status, 401);
  });

  it("without a token is for this machine alone", async () => {
    const { ask } = setUp({ adminToken: null });
    assert.equal((await ask("/api/things/one")).status, 200);
    const strangers = [
      { host: "evil.example.com" },
      { "x-forwarded-for": "203.0.113.9" },
      { origin: "https://evil.example.com" },
      { "sec-fetch-site": "cross-site" },
    ];
    for (const headers of strangers) {
      const refused = await ask("/api/things/one", headers);
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.match(refused.text, /admin-token-not-set/);
    }
    assert.equal((await setUp({ adminToken: null, host: "0.0.0.0" }).ask("/api/things/one")).status, 403);
  });

  it("says what failed, and keeps to itself what might be a secret", async () => {
    const { ask } = setUp();
    const broken = await ask("/api/things/broken", BEARER);
    assert.deepEqual(
      [broken.status, broken.text],
      [503, '{"error":{"code":"store-unavailable","message":"The database is away."}}'],
    );
    const faulty = await ask("/api/things/faulty", BEARER);
    assert.equal(faulty.status, 500);
    assert.doesNotMatch(faulty.text, /glpat/);
    assert.match((await ask("/api/nothing", BEARER)).text, /route-unknown/);
    const large = { method: "POST", body: `"${"x".repeat(1_100_000)}"` };
    assert.equal((await ask("/api/things/one", BEARER, large)).status, 413);
  });
});
