import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createApp } from "../../src/http/app.ts";
import { createClientOf } from "../../src/http/client-of.ts";
import { createIntake } from "../../src/http/intake.ts";
import { createMetricsRoute } from "../../src/http/metrics.ts";
import { rulesForPolicy } from "../../src/review/triggers.ts";
import { openStore } from "../../src/store/open-store.ts";
import { payload, SECRET, tokensBy } from "../http/webhook-app.ts";
import { POSTGRES_MISSING, queryPostgres, startPostgres } from "../store/postgres-server.ts";
import { QUICK } from "../store/store-places.ts";
import { succeeded, until } from "../store/store-requests.ts";
import { startDatabaseRelay } from "./database-relay.ts";

/** The limit of these tests; a server has ANSWER_MS. */
const LIMIT_MS = 400;
/** GitLab's ten seconds, by the same measure. */
const PATIENCE_MS = LIMIT_MS * 2.5;

const server = await startPostgres();
after(() => server?.stop());

describe("a PostgreSQL that falls silent", { skip: server === null && POSTGRES_MISSING }, () => {
  test("deliveries, readiness, metrics and pages hear of it in time, and all heals by itself", async () => {
    assert.ok(server !== null);
    const url = await server.createDatabase();
    await using relay = await startDatabaseRelay(url);
    await using store = await openStore({
      database: { databaseUrl: new Secret(relay.through(url)) },
      ...QUICK,
      answerMs: LIMIT_MS,
    });
    const intake = createIntake({
      verify: {
        secrets: [{ secret: new Secret(SECRET), projects: null }],
        signingTokens: [],
        tokenPassThrough: false,
      },
      tokens: tokensBy(async () => ({ kind: "refused", code: "token-wrong", message: "" })),
      route: () => ({ flow: "default", rules: rulesForPolicy("once") }),
      accept: store.accept,
      clock: systemClock,
      logger: silentLogger,
    });
    const token = new Secret("a-token-of-the-metrics");
    const app = createApp({
      intake,
      clientOf: createClientOf([]),
      checkReady: store.ping,
      metrics: createMetricsRoute({
        render: async () => ({ contentType: "text/plain", text: JSON.stringify(await store.queueStatus()) }),
        token,
        clientOf: createClientOf([]),
        clock: systemClock,
        logger: silentLogger,
      }),
      clock: systemClock,
      logger: silentLogger,
    });
    /** An answer's status; null for one that did not come as soon as GitLab would want it. */
    const inTime = async (work: Promise<Response> | Response): Promise<number | null> => {
      const late = Promise.withResolvers<null>();
      const timer = setTimeout(() => late.resolve(null), PATIENCE_MS);
      const response = await Promise.race([work, late.promise]);
      clearTimeout(timer);
      return response?.status ?? null;
    };
    const deliver = (iid: number) =>
      inTime(
        app.request("/webhooks/gitlab", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-gitlab-event": "Merge Request Hook",
            "x-gitlab-token": SECRET,
          },
          body: JSON.stringify(payload({}, { iid, last_commit: { id: `head-${iid}` } })),
        }),
      );
    const ready = () => inTime(app.request("/readyz"));
    const metrics = () =>
      inTime(app.request("/metrics", { headers: { authorization: `Bearer ${token.reveal()}` } }));

    assert.deepEqual(await Promise.all([deliver(1), ready(), metrics()]), [202, 200, 200]);
    await relay.set("silent");
    const asked = await Promise.all([
      ...Array.from({ length: 30 }, (_, index) => deliver(100 + index)),
      ready(),
      metrics(),
    ]);
    assert.deepEqual([...new Set(asked.slice(0, 31))], [503]);
    assert.ok((asked[31] ?? 0) >= 500);
    // Those who come later wait no longer than the first.
    assert.deepEqual(await Promise.all([deliver(2), deliver(3)]), [503, 503]);
    await assert.rejects(store.views.listRuns({ limit: 1 }), { code: /^store-(timeout|unreachable)$/ });
    await relay.set(null);
    await until(async () => (await ready()) === 200, "the store answers again");
    assert.equal(await deliver(4), 202);
    const worker = await store.work({ concurrency: 2, perProject: 2, handle: async () => succeeded });
    await until(async () => (await store.countRuns()).succeeded >= 2, "what was taken is worked on");
    await worker.stop(1_000);
  });

  test("a store is closed all the same, and no connection outlives it", { timeout: 60_000 }, async () => {
    assert.ok(server !== null);
    const url = await server.createDatabase();
    await using relay = await startDatabaseRelay(url);
    const open = () =>
      openStore({ database: { databaseUrl: new Secret(relay.through(url)) }, ...QUICK, answerMs: LIMIT_MS });

    await relay.set("silent", /LISTEN/);
    const deaf = await open();
    await until(async () => relay.struck() >= 2, "it asks for notifications again");
    await deaf[Symbol.asyncDispose]();
    await until(async () => relay.open() === 0, "every connection to end");

    await relay.set(null);
    const connecting = await open();
    await relay.set("silent");
    const before = relay.struck();
    const listener = "application_name = 'reviewflow-listener'";
    await queryPostgres(url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${listener}`);
    await until(async () => relay.struck() > before + 1, "it connects again");
    await connecting[Symbol.asyncDispose]();
    await until(async () => relay.open() === 0, "every connection to end");
  });

  test("a server that still starts is waited for where that is asked for", async () => {
    assert.ok(server !== null);
    const database = { databaseUrl: new Secret(await server.createDatabase()) };
    await server.kill();
    await assert.rejects(openStore({ database, ...QUICK }), { code: "store-unreachable" });
    const away: string[] = [];
    const first = Promise.withResolvers<void>();
    const opening = openStore({
      database,
      ...QUICK,
      onAway: ({ code }) => {
        away.push(code);
        first.resolve();
      },
    });
    await first.promise;
    await server.restart();
    await using store = await opening;
    await store.ping();
    assert.deepEqual([...new Set(away)], ["store-unreachable"]);
  });
});
