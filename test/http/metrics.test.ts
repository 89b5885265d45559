import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { Hono } from "hono";
import type { Clock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createClientOf } from "../../src/http/client-of.ts";
import { createMetricsRoute } from "../../src/http/metrics.ts";
import { outcomeOf } from "../../src/http/observe-delivery.ts";
import { answers } from "../../src/http/answer.ts";
import { startServer } from "../../src/http/server.ts";
import { startFlood } from "../logged-lines.ts";
import { handClock } from "./dashboard/dashboard-setup.ts";

const TOKEN = "scrape-me-please";
const BEARER = { authorization: `Bearer ${TOKEN}` };

const route = (token: string | null, clock: Clock = handClock(), logger = silentLogger) =>
  createMetricsRoute({
    render: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }),
    token: token === null ? null : new Secret(token),
    clientOf: createClientOf(["127.0.0.1"]),
    clock,
    logger,
  });

/** Asks as a connection from `address` would; null asks over no connection. */
const ask = (token: string | null, address: string | null, headers: Record<string, string> = {}) =>
  askOf(route(token), address, headers);

const askOf = async (app: Hono, address: string | null, headers: Record<string, string> = {}) => {
  const incoming = { socket: { remoteAddress: address, remotePort: 1, remoteFamily: "IPv4" } };
  const env = address === null ? {} : { incoming };
  const response = await app.request("/metrics", { headers: { host: "localhost:8080", ...headers } }, env);
  return { status: response.status, text: await response.text(), headers: response.headers };
};

suite("/metrics without a token", () => {
  test("is open over a real connection from this machine, as plain text that nobody keeps", async () => {
    const server = await startServer({ app: new Hono().route("/", route(null)), host: "127.0.0.1", port: 0 });
    const response = await fetch(`${server.url}/metrics`);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "up 1\n");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    await server.stop(1_000);
  });

  for (const address of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
    test(`is open to ${address}`, async () => assert.equal((await ask(null, address)).status, 200));

  for (const address of ["10.0.0.7", "192.0.2.1", "::ffff:10.0.0.7", "2001:db8::1", "nonsense", null])
    test(`is closed to ${address ?? "an unknown address"}, and names the setting`, async () => {
      const { status, text } = await ask(null, address);
      assert.equal(status, 403);
      assert.match(text, /REVIEWFLOW_METRICS_TOKEN/);
      assert.doesNotMatch(text, /up 1/);
    });

  const PROXIES =
    "x-forwarded-for forwarded x-real-ip via x-forwarded-proto x-forwarded-port x-forwarded-server cf-connecting-ip true-client-ip x-client-ip x-cluster-client-ip x-original-forwarded-for x-envoy-external-address fly-client-ip x-amzn-trace-id cdn-loop";
  for (const header of PROXIES.split(" "))
    test(`is closed to what a proxy on this machine passes on with ${header}`, async () =>
      assert.equal((await ask(null, "127.0.0.1", { [header]: "127.0.0.1" })).status, 403));

  test("is closed to what a proxy passes on that says nothing of itself, in HTTP/1.0", async () => {
    const server = await startServer({ app: new Hono().route("/", route(null)), host: "127.0.0.1", port: 0 });
    const { host, port } = new URL(server.url);
    const statusOf = async (version: string): Promise<string> => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(`GET /metrics HTTP/${version}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      let text = "";
      for await (const chunk of socket) text += String(chunk);
      return text.slice(9, 12);
    };
    assert.deepEqual([await statusOf("1.0"), await statusOf("1.1")], ["403", "200"]);
    await server.stop(1_000);
  });

  for (const host of [
    "rebound.example.com:8080",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "metrics",
    "0.0.0.0:8080",
    "[::]:8080",
    "10.0.0.7",
    "localhost@example.com",
    "localhost:80:80",
    "",
  ])
    test(`is closed to a page of this machine's browser under the name "${host}"`, async () =>
      assert.equal((await ask(null, "127.0.0.1", { host })).status, 403));

  for (const host of ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"])
    test(`is open under the name "${host}"`, async () =>
      assert.equal((await ask(null, "127.0.0.1", { host })).status, 200));

  test("takes no token for one", async () =>
    assert.equal((await ask(null, "10.0.0.7", { authorization: "Bearer null" })).status, 403));
});

suite("/metrics with a token", () => {
  test("is open to whoever has it, from anywhere and through a proxy", async () => {
    assert.equal((await ask(TOKEN, "10.0.0.7", BEARER)).status, 200);
    assert.equal((await ask(TOKEN, "127.0.0.1", { ...BEARER, "x-forwarded-for": "10.0.0.7" })).status, 200);
    assert.equal((await ask(TOKEN, "10.0.0.7", { authorization: `bearer  ${TOKEN}` })).status, 200);
  });

  for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN])
    test(`is closed to "${authorization}", on this machine too`, async () => {
      const { status, headers, text } = await ask(TOKEN, "127.0.0.1", { authorization });
      assert.equal(status, 401);
      assert.equal(headers.get("www-authenticate"), "Bearer");
      assert.doesNotMatch(text, new RegExp(TOKEN));
    });

  const guess = (at: number) => ({ authorization: `Bearer guess-${at}` });

  test("holds who guesses back for a minute, by the address that a trusted proxy names, and never the right token", async () => {
    const clock = handClock();
    const app = route(TOKEN, clock);
    const behind = (client: string) => ({ "x-forwarded-for": client });
    for (let at = 0; at < 10; at += 1)
      assert.equal((await askOf(app, "127.0.0.1", { ...guess(at), ...behind("192.0.2.1") })).status, 401);
    const held = await askOf(app, "127.0.0.1", { ...guess(10), ...behind("192.0.2.1") });
    assert.equal(held.status, 429);
    assert.equal(held.headers.get("retry-after"), "60");
    assert.equal(held.headers.get("cache-control"), "no-store");
    assert.equal(
      (await askOf(app, "192.0.2.1", guess(11))).status,
      429,
      "the same address without the proxy",
    );
    assert.equal((await askOf(app, "127.0.0.1", { ...guess(0), ...behind("192.0.2.2") })).status, 401);
    assert.equal((await askOf(app, "127.0.0.1", { ...BEARER, ...behind("192.0.2.1") })).status, 200);
    clock.forward(60_001);
    assert.equal((await askOf(app, "192.0.2.1", guess(12))).status, 401);
  });

  test("holds all back who guess from many addresses, and does not count who sends no token", async () => {
    const app = route(TOKEN);
    for (let at = 0; at < 200; at += 1) assert.equal((await askOf(app, "192.0.2.1")).status, 401);
    const statuses = [];
    for (let at = 0; at < 150; at += 1)
      statuses.push((await askOf(app, `198.51.100.${at}`, guess(at))).status);
    assert.equal(statuses.filter((status) => status === 401).length, 100);
    assert.equal(statuses.filter((status) => status === 429).length, 50);
    assert.equal((await askOf(app, "198.51.100.1", BEARER)).status, 200);
  });

  test("logs thirty refusals a minute, without the token", async () => {
    const { clock, logger, lines } = startFlood();
    const app = route(TOKEN, clock, logger);
    for (let at = 0; at < 60; at += 1) await askOf(app, `198.51.100.${at}`, guess(at));
    assert.equal(lines.length, 30);
    assert.deepEqual(lines[0], {
      level: "warn",
      message: "Metrics request refused",
      client: "198.51.100.0",
    });
  });
});

suite("what became of a delivery", () => {
  test("is read from its answer, the reason by its code", () => {
    const ignored = {
      kind: "ignore",
      deliveryId: "d1",
      reason: reasonOf("project-not-configured", { project: "group/shop" }),
    } as const;
    assert.deepEqual(outcomeOf(answers.accepted(ignored)), {
      outcome: "ignore",
      reason: "project-not-configured",
    });
    const review = { kind: "review", deliveryId: "d1", runId: "r1", superseded: [] } as const;
    assert.deepEqual(outcomeOf(answers.accepted(review)), { outcome: "review", reason: null });
    assert.deepEqual(outcomeOf(answers.unauthorized("token-wrong", "The token: is wrong")), {
      outcome: "refused",
      reason: "token-wrong",
    });
    assert.deepEqual(outcomeOf(answers.unavailable("store-unavailable", "Later")), {
      outcome: "unavailable",
      reason: "store-unavailable",
    });
  });
});
