import { english as t, escape, saying } from "../messages/saying.ts";
import { latinSentences } from "../messages/latin-sentences.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { why } from "../../src/cli/why.ts";
import { createApp } from "../../src/http/app.ts";
import { createClientOf } from "../../src/http/client-of.ts";
import { createAttemptLimit } from "../../src/http/dashboard/attempt-limit.ts";
import { type RunningServer, startServer } from "../../src/http/server.ts";
import { openStore, type OpenedStore } from "../../src/store/open-store.ts";
import { createConfiguredApi } from "../../src/wiring/create-api.ts";
import { ENOUGH } from "../config/config-setup.ts";
import { request } from "../store/store-requests.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

const TOKEN = "an-admin-token-of-the-tests";

/** The line of the ignored delivery, whose detail holds a secret. */
const isIgnored = RegExp(`^${t("why.outcome.ignore")}: .*: \\[secret\\] \\(draft\\)$`, "m");

/** A server that is not ours. */
const startOther = () =>
  startServer({
    app: new Hono().all("*", (context) => context.html("<h1>Another program</h1>")),
    host: "127.0.0.1",
    port: 0,
  });

/** An address of this machine where nobody listens. */
const nowhere = async (): Promise<string> => {
  const { url, stop } = await startOther();
  await stop(0);
  return url;
};

describe("reviewflow why", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "reviewflow-why-"));
  let store: OpenedStore;
  let server: RunningServer;
  const ids = { ignored: "", reviewed: "" };

  before(async () => {
    store = await openStore({ database: { dataDir: dataDir } });
    const reason = reasonOf("draft", { drafts: "on-request", detail: ENOUGH.GITLAB_TOKEN });
    const ignored = await store.accept(
      request({ key: "idempotency-key:from-gitlab", decide: () => ({ kind: "ignore", reason }) }),
    );
    const reviewed = await store.accept(request({ iid: 12, head: "a94a8fe5ccb19ba61c4c0873" }));
    assert.equal(reviewed.kind, "review");
    await store.cancelRun(reviewed.runId, reasonOf("cancelled-by-user", { user: "ann" }));
    Object.assign(ids, { ignored: ignored.deliveryId, reviewed: reviewed.deliveryId });
    const api = createConfiguredApi({
      access: {
        host: "127.0.0.1",
        publicUrl: null,
        adminToken: new Secret(TOKEN),
        gitlab: null,
        sessionMs: 1,
      },
      attempts: createAttemptLimit(systemClock),
      clientOf: createClientOf([]),
      settings: { token: new Secret(ENOUGH.GITLAB_TOKEN) },
      store,
      clock: systemClock,
      logger: silentLogger,
    });
    const app = createApp({
      intake: null,
      clientOf: createClientOf([]),
      checkReady: store.ping,
      clock: systemClock,
      logger: silentLogger,
      api,
    });
    server = await startServer({ app, host: "127.0.0.1", port: 0 });
  });
  after(async () => {
    await server.stop(0);
    await store[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const run = async (
    reference: string,
    environment: Record<string, string> = {},
    options: { readonly server?: string; readonly json?: boolean } = {},
  ) => {
    const terminal = recordedTerminal();
    const settings = {
      ...ENOUGH,
      REVIEWFLOW_DATA_DIR: dataDir,
      REVIEWFLOW_PORT: new URL(server.url).port,
      REVIEWFLOW_ADMIN_TOKEN: TOKEN,
    };
    const code = await why(reference, {
      ...terminal,
      ...options,
      environment: { ...settings, ...environment },
    });
    return { code, out: terminal.out(), err: terminal.err() };
  };

  it("tells why a delivery was ignored, asked for by GitLab's id, without secrets", async () => {
    const { code, out, err } = await run("from-gitlab");
    assert.equal(code, 0, err);
    assert.match(out, /Merge Request Hook .*group\/project!1.* 2023-11-14T/);
    assert.match(out, isIgnored);
  });

  it("tells what became of the run of a delivery, as text and as JSON", async () => {
    const { out } = await run(ids.reviewed);
    assert.match(out, RegExp(`^${t("why.outcome.review")}: .*opened.*\\(triggered\\)$`, "m"));
    const head = t("why.head", { sha: "a94a8fe5ccb1" });
    const attempts = t("why.attempts", { count: 0 });
    assert.ok(out.includes(`\n  ${t("why.flow", { flow: "classic" })}, ${head}, ${attempts}`), out);
    const state = t("run-state.cancelled");
    const ran = t("why.run", { id: "ID", state });
    assert.match(out, RegExp(`^${escape(ran).replace("ID", "[0-9a-f-]{36}")}$`, "m"));
    assert.match(out, /^ {2}.*\(cancelled-by-user\)$/m);
    for (const LANG of ["ja_JP.UTF-8", "ko_KR.UTF-8"]) {
      const { out: other } = await run(ids.reviewed, { LANG });
      assert.match(other, /\(triggered\)[\s\S]*\(cancelled-by-user\)$/m);
      assert.deepEqual(latinSentences(other.replaceAll(/Merge Request Hook|\([a-z-]+\)$/gmu, "")), []);
    }
    const json = await run(ids.reviewed, {}, { json: true });
    const report = z.object({ runs: z.array(z.object({ state: z.string() })) }).parse(JSON.parse(json.out));
    assert.deepEqual(report.runs, [{ state: "cancelled" }]);
  });

  it("names what to change: an unknown delivery, a wrong or missing token, a server elsewhere", async () => {
    const unknown = await run("nobody-sent-this");
    assert.deepEqual([unknown.code, unknown.out], [1, ""]);
    assert.ok(unknown.err.includes(t("why.unknown", { delivery: "nobody-sent-this" })));
    const wrong = await run(ids.ignored, { REVIEWFLOW_ADMIN_TOKEN: "another-token-than-the-server" });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, saying("cli.server.token-wrong"));
    const none = await run(ids.ignored, { REVIEWFLOW_ADMIN_TOKEN: "" });
    assert.match(none.err, saying("cli.server.token-missing"));
    const free = await nowhere();
    const { port } = new URL(free);
    const away = await run(ids.ignored, {}, { server: free });
    assert.match(away.err, saying("cli.server.unreachable"));
    assert.match(away.err, /http:\/\/127\.0\.0\.1:\d+ .*ECONNREFUSED/);
    const locked = await run(ids.ignored, { REVIEWFLOW_PORT: port });
    assert.match(locked.err, saying("cli.server.store-in-use"));
    const empty = await run(ids.ignored, { REVIEWFLOW_PORT: port, REVIEWFLOW_DATA_DIR: tmpdir() });
    assert.match(empty.err, saying("cli.store-missing"));
    const odd = await run(ids.ignored, {}, { server: "nowhere" });
    assert.equal(odd.err, `${t("cli.server.address-invalid", { url: "nowhere" })}\n`);
  });

  it("says so where something else listens", async () => {
    const other = await startOther();
    try {
      const { err } = await run(ids.ignored, {}, { server: `${other.url}/` });
      assert.match(err, saying("cli.server.not-ours"));
    } finally {
      await other.stop(0);
    }
  });

  it("reads the store itself where no server runs", async () => {
    await server.stop(0);
    await store[Symbol.asyncDispose]();
    const { code, out, err } = await run("from-gitlab", { REVIEWFLOW_ADMIN_TOKEN: "" });
    assert.equal(code, 0, err);
    assert.match(out, isIgnored);
  });
});
