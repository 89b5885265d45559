import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "../../src/base/secret.ts";
import { startServer } from "../../src/http/server.ts";
import { openStore } from "../../src/store/open-store.ts";
import { payload, SECRET, setUp } from "../http/webhook-app.ts";
import { POSTGRES_MISSING, queryPostgres, startPostgres } from "../store/postgres-server.ts";
import { QUICK } from "../store/store-places.ts";
import { succeeded, until } from "../store/store-requests.ts";

const server = await startPostgres();
after(() => server?.stop());

const deliver = async (url: string, iid: number): Promise<number> => {
  const response = await fetch(`${url}/webhooks/gitlab`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-gitlab-event": "Merge Request Hook",
      "x-gitlab-token": SECRET,
    },
    body: JSON.stringify(payload({}, { iid, last_commit: { id: `head-${iid}` } })),
  });
  await response.text();
  return response.status;
};

/** Ends every connection to a database but the one that asks. */
const cutConnections = (url: string) =>
  queryPostgres(
    url,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );

test(
  "PostgreSQL cut off, killed and started again under deliveries: 2xx or 503, nothing lost, nothing twice",
  { skip: server === null && POSTGRES_MISSING },
  async (context) => {
    assert.ok(server !== null);
    const url = await server.createDatabase();
    await using store = await openStore({
      database: { databaseUrl: new Secret(url) },
      ...QUICK,
      retry: { maxAttempts: 50, baseMs: 20, maxMs: 100 },
    });
    const { app } = setUp({ accept: (request) => store.accept(request) });
    const http = await startServer({ app, host: "127.0.0.1", port: 0 });
    const ends = new AbortController();
    const worker = await store.work({
      concurrency: 4,
      perProject: 4,
      handle: async () => {
        await delay(20);
        return succeeded;
      },
    });
    const accepted: number[] = [];
    const statuses = new Set<number>();
    let iid = 0;
    const load = async (): Promise<void> => {
      while (!ends.signal.aborted) {
        iid += 1;
        const mine = iid;
        const status = await deliver(http.url, mine);
        statuses.add(status);
        if (status === 202) accepted.push(mine);
        await delay(20);
      }
    };
    const isAccepting = async (): Promise<void> => {
      const before = accepted.length;
      await until(async () => accepted.length > before + 4, "deliveries to be taken");
    };
    try {
      const senders = [load(), load(), load()];
      await isAccepting();
      await cutConnections(url);
      await isAccepting();
      await server.kill();
      await until(async () => statuses.has(503), "a delivery to be refused");
      await server.restart();
      await isAccepting();
      await cutConnections(url);
      await isAccepting();
      ends.abort();
      await Promise.all(senders);
      await until(async () => {
        const { queued, active, retrying } = await store.countRuns();
        return queued + active + retrying === 0;
      }, "the queue to be worked off");
      context.diagnostic(`${accepted.length} of ${iid} accepted`);
      assert.deepEqual(statuses, new Set([202, 503]));
      const runs = await store.listRuns({ limit: 10_000 });
      const byIid = Map.groupBy(runs, (run) => run.iid);
      for (const mine of accepted)
        assert.deepEqual(
          byIid.get(mine)?.map(({ state }) => state),
          ["succeeded"],
          `merge request ${mine}`,
        );
      for (const [mine, ofOne] of byIid) assert.equal(ofOne.length, 1, `merge request ${mine} once`);
    } finally {
      ends.abort();
      await worker.stop(1_000);
      await http.stop(0);
    }
  },
);
