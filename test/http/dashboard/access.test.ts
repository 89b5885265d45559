import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { isLoopback } from "../../../src/http/dashboard/access.ts";
import { createSessions } from "../../../src/http/dashboard/session.ts";
import { safeReturn } from "../../../src/http/dashboard/visit.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import {
  type Browser,
  handClock,
  openBrowser,
  SESSION_KEY,
  setUpDashboard,
  TOKEN,
} from "./dashboard-setup.ts";
import { deliver } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

describe("the way into the dashboard", () => {
  let store: OpenedStore;
  before(async () => {
    store = await openTemporaryStore();
  });
  after(() => store[Symbol.asyncDispose]());

  const open = (...rest: Parameters<typeof setUpDashboard> extends [unknown, ...infer R] ? R : never) =>
    openBrowser(setUpDashboard(store, ...rest).app);

  it("leads to the sign-in, and back to where somebody wanted to go", async () => {
    const browser = open(handClock());
    const turned = await browser.get("/dashboard/runs?state=failed");
    assert.equal(turned.status, 303);
    assert.equal(
      turned.headers.get("location"),
      "/dashboard/sign-in?back=%2Fdashboard%2Fruns%3Fstate%3Dfailed",
    );
    const page = await browser.get(turned.headers.get("location") ?? "");
    assert.match(page.text, /type="password"/);
    const done = await browser.post("/dashboard/sign-in", {
      token: TOKEN,
      back: "/dashboard/runs?state=failed",
    });
    assert.equal(done.status, 303);
    assert.equal(done.headers.get("location"), "/dashboard/runs?state=failed");
    assert.equal((await browser.get("/dashboard/runs")).status, 200);
  });

  it("shows nothing of the store before the sign-in, on any path", async () => {
    const browser = open(handClock());
    for (const path of ["", "/runs", "/deliveries", "/findings", "/projects", "/flows", "/settings", "/x"]) {
      assert.equal((await browser.get(`/dashboard${path}`)).status, 303, path);
    }
    assert.equal((await browser.get("/dashboard/flows/review/0/picture.svg")).status, 303);
    assert.equal((await browser.get("/dashboard/live")).status, 401);
  });

  const guess = async (browser: Browser, times: number, headers: Record<string, string> = {}) => {
    const statuses = [];
    for (let attempt = 0; attempt < times; attempt += 1)
      statuses.push((await browser.signIn(`wrong-${attempt}`, headers)).status);
    return statuses;
  };

  it("takes the right token only, holds back who guesses, and never the right token", async () => {
    const clock = handClock();
    const browser = open(clock);
    assert.deepEqual(
      await guess(browser, 10),
      Array.from({ length: 10 }, () => 403),
    );
    const held = await browser.signIn("wrong-10");
    assert.equal(held.status, 429);
    assert.match(held.text, /role="alert"/);
    assert.ok(Number(held.headers.get("retry-after")) > 0);
    assert.equal((await browser.signIn()).status, 303);
    clock.forward(61_000);
    assert.deepEqual(await guess(open(clock), 1), [403]);
  });

  it("counts who guesses by the address that a trusted proxy names, and by no other", async () => {
    const from = (address: string) => ({ "x-forwarded-for": address });
    const opened = (peer: string) => Object.assign(open(handClock()), { peer });
    const behind = opened("127.0.0.1");
    await guess(behind, 10, from("203.0.113.7"));
    assert.deepEqual(await guess(behind, 1, from("203.0.113.7")), [429]);
    assert.deepEqual(await guess(behind, 1, from("203.0.113.8")), [403]);
    assert.deepEqual(
      await guess(behind, 1, from("198.51.100.1, 203.0.113.7")),
      [429],
      "what was claimed first",
    );
    assert.deepEqual(await guess(behind, 1, from("203.0.113.7, 10.1.2.3")), [429], "two proxies");
    assert.deepEqual(await guess(behind, 1, from("::ffff:203.0.113.7")), [429], "the same in IPv6's form");
    assert.deepEqual(await guess(behind, 1, from("203.0.113.7:4711")), [429], "with a port");
    const direct = opened("203.0.113.9");
    for (let index = 0; index < 10; index += 1) await guess(direct, 1, from(`192.0.2.${index}`));
    assert.deepEqual(await guess(direct, 1, from("192.0.2.99")), [429], "nobody trusted said so");
    const wide = opened("2001:db8:0:1::1");
    for (let index = 0; index < 10; index += 1)
      await guess(Object.assign(wide, { peer: `2001:db8:0:1::${index}` }), 1);
    assert.deepEqual(await guess(Object.assign(wide, { peer: "2001:db8:0:1:ffff::" }), 1), [429]);
    assert.deepEqual(await guess(Object.assign(wide, { peer: "2001:db8:0:2::1" }), 1), [403]);
    const garbled = opened("127.0.0.1");
    for (const claim of ["", ",", "unknown", "_hidden", "1.2.3", "0x7f.1", "x".repeat(9_000), "[::1", "-1"])
      await guess(garbled, 1, from(claim));
    assert.deepEqual(await guess(garbled, 2), [403, 429], "what cannot be read counts for the proxy");
  });

  it("gives a session that ends, by time or by signing out", async () => {
    const clock = handClock();
    const browser = open(clock);
    const signedIn = await browser.signIn();
    const [cookie = ""] = signedIn.headers.getSetCookie();
    assert.match(cookie, /^reviewflow_session=.*; Path=\/;.*HttpOnly.*SameSite=Lax/);
    assert.doesNotMatch(cookie, /Secure/, "without https it could not be sent back");
    assert.equal((await browser.get("/dashboard")).status, 200);
    clock.forward(3_600_001);
    assert.equal((await browser.get("/dashboard")).status, 303);
    await browser.signIn();
    await browser.get("/dashboard");
    const copied = new Map(browser.cookies);
    assert.equal((await browser.post("/dashboard/sign-out")).status, 303);
    assert.equal((await browser.get("/dashboard")).status, 303);
    for (const [name, value] of copied) browser.cookies.set(name, value);
    assert.equal((await browser.get("/dashboard")).status, 303, "a copy of the cookie ends with it");
    const elsewhere = open(clock);
    for (const [name, value] of copied) elsewhere.cookies.set(name, value);
    assert.equal((await elsewhere.get("/dashboard/live")).status, 401, "in another process, too");
  });

  it("leaves other sessions when one is signed out", async () => {
    const clock = handClock();
    const [one, other] = [open(clock), open(clock)];
    await one.signIn();
    await other.signIn();
    await one.get("/dashboard");
    await one.post("/dashboard/sign-out");
    assert.equal((await other.get("/dashboard")).status, 200);
  });

  it("ends what is open when it is signed out", async () => {
    const clock = handClock();
    const { app } = setUpDashboard(store, clock);
    const browser = openBrowser(app);
    await browser.signIn();
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const stream = await app.request("http://127.0.0.1:8080/dashboard/live", { headers: { cookie } });
    assert.equal(stream.status, 200);
    await browser.get("/dashboard");
    await browser.post("/dashboard/sign-out");
    assert.match(await stream.text(), /^event: hello/);
  });

  it("keeps the cookie to https and our host where the server is reached so", async () => {
    const browser = open(handClock(), { publicUrl: "https://review.example.com" });
    const { headers } = await browser.get("/dashboard/sign-in");
    assert.match(headers.getSetCookie()[0] ?? "", /^__Host-reviewflow_session=.*; Secure/);
    const proxied = await open(handClock()).get("/dashboard/sign-in", { "x-forwarded-proto": "https" });
    assert.match(proxied.headers.getSetCookie()[0] ?? "", /^__Host-/);
  });

  it("is open on the loopback address without a sign-in, and there alone", async () => {
    const browser = open(handClock(), { adminToken: null });
    const page = await browser.get("/dashboard");
    assert.equal(page.status, 200);
    assert.match(page.text, /REVIEWFLOW_ADMIN_TOKEN/, "it says how to ask for a sign-in");
    for (const headers of [
      { host: "rebound.example.com:8080" },
      { "x-forwarded-for": "203.0.113.7" },
      { forwarded: "for=203.0.113.7" },
    ]) {
      const refused = await browser.get("/dashboard", headers);
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.match(refused.text, /REVIEWFLOW_ADMIN_TOKEN/);
      assert.doesNotMatch(refused.text, /<nav/);
    }
  });

  it("is off where others can reach the server and nobody can sign in", async () => {
    const browser = open(handClock(), { adminToken: null, host: "0.0.0.0" });
    for (const path of ["", "/runs", "/settings", "/sign-in", "/live"]) {
      const refused = await browser.get(`/dashboard${path}`);
      assert.equal(refused.status, 403, path);
      assert.match(refused.text, /REVIEWFLOW_ADMIN_TOKEN/);
    }
    assert.equal((await browser.post("/dashboard/sign-in", { token: "" })).status, 403);
  });

  it("changes nothing that no form of ours asked for", async () => {
    const { runId } = await deliver(store, {
      project: "team/shop",
      projectId: 7,
      iid: 50,
      title: "To cancel",
    });
    const path = `/dashboard/runs/${runId}/cancel`;
    const browser = open(handClock());
    await browser.signIn();
    await browser.get("/dashboard/runs");
    const other = open(handClock());
    const { text } = await other.get("/dashboard/sign-in");
    const foreign = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? "";
    const attempts: readonly (readonly [Record<string, string>, Record<string, string>])[] = [
      [{ form_token: "" }, {}],
      [{ form_token: foreign }, {}],
      [{}, { origin: "https://evil.example.com" }],
      [{}, { origin: "null" }],
      [{}, { origin: "" }],
      [{}, { "sec-fetch-site": "cross-site" }],
      [{}, { "sec-fetch-site": "same-site" }],
    ];
    for (const [fields, headers] of attempts) {
      const { status } = await browser.post(path, fields, headers);
      assert.equal(status, 403, JSON.stringify([fields, headers]));
    }
    assert.equal((await store.getRun(runId ?? ""))?.state, "queued");
    const unsigned = await other.post(path);
    assert.equal(unsigned.status, 403);
    assert.equal((await browser.get(path)).status, 404, "reading changes nothing");
    assert.equal((await store.getRun(runId ?? ""))?.state, "queued");
    assert.equal((await browser.post(path)).status, 303);
    assert.equal((await store.getRun(runId ?? ""))?.state, "cancelled");
  });

  it("refuses a form that is too large", async () => {
    const browser = open(handClock());
    await browser.get("/dashboard/sign-in");
    const { status } = await browser.post("/dashboard/sign-in", { token: "x".repeat(100_000) });
    assert.equal(status, 413);
  });
});

describe("sessions", () => {
  const now = 1_700_000_000_000;
  const made = (storeKey: Uint8Array, secret: string | null) =>
    createSessions({
      storeKey,
      secret: secret === null ? null : new Secret(secret),
      signedInMs: 1_000,
      store: { end: async () => undefined, isEnded: async () => false },
    });
  const otherKey = new Uint8Array(32).fill(8);

  it("outlive a restart, and end with another token or another store", async () => {
    const sealed = made(SESSION_KEY, TOKEN).seal({
      id: "0123456789abcdef",
      user: "admin",
      endsAtMs: now + 1,
    });
    assert.equal((await made(SESSION_KEY, TOKEN).open(sealed, now))?.user, "admin");
    assert.equal(await made(SESSION_KEY, `${TOKEN}!`).open(sealed, now), null);
    assert.equal(await made(SESSION_KEY, null).open(sealed, now), null);
    assert.equal(await made(otherKey, TOKEN).open(sealed, now), null, "the token alone makes no cookie");
    assert.equal(await made(SESSION_KEY, TOKEN).open(sealed, now + 1), null);
  });

  it("cannot be changed", async () => {
    const sessions = made(SESSION_KEY, TOKEN);
    const sealed = sessions.seal(sessions.start(null, now));
    const [text = "", signature = ""] = sealed.split(".");
    const raised = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(text, "base64url").toString()), user: "admin" }),
    ).toString("base64url");
    const proof = sessions.proof(sessions.start(null, now), "session", raised);
    for (const forged of [
      `${raised}.${signature}`,
      `${raised}.${proof}`,
      `${text}.`,
      text,
      `${text}.${signature}.x`,
      "",
      ".",
      `${sealed}A`,
    ])
      assert.equal((await sessions.open(forged, now))?.user ?? null, null, forged);
    assert.equal(await sessions.open(`${raised}.${signature}`, now), null);
  });

  it("are signed with a key that the store made once, and that its instances share", async () => {
    const first = await openTemporaryStore();
    const second = await openTemporaryStore();
    try {
      const key = await first.sessions.key();
      assert.equal(key.byteLength, 32);
      assert.deepEqual(await first.sessions.key(), key);
      assert.notDeepEqual(await second.sessions.key(), key);
    } finally {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    }
  });
});

describe("addresses", () => {
  it("are of this machine or not", () => {
    for (const host of ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.8.9.1:80", "::1", "[::1]:8080"])
      assert.ok(isLoopback(host), host);
    for (const host of ["", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example"])
      assert.ok(!isLoopback(host), host);
  });

  it("to go back to are our own pages", () => {
    assert.equal(safeReturn("/dashboard/runs?state=failed"), "/dashboard/runs?state=failed");
    assert.equal(safeReturn(undefined), "/dashboard");
    for (const path of [
      "",
      "https://evil.example.com",
      "//evil.example.com",
      "/dashboard//evil.example.com",
      "/dashboardevil",
      "/dashboard/\\evil",
      "/dashboard/\r\nset-cookie: a=b",
      "javascript:alert(1)",
    ])
      assert.equal(safeReturn(path), "/dashboard", path);
  });
});
