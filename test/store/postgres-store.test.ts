import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { Client } from "pg";
import { StoreError } from "../../src/base/errors.ts";
import { assertMayWrite } from "../../src/base/fence.ts";
import { Secret } from "../../src/base/secret.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { NewRunEvent } from "../../src/store/run-event.ts";
import type { Claim, Store } from "../../src/store/store.ts";
import { POSTGRES_MISSING, type PostgresServer, startPostgres } from "./postgres-server.ts";
import { type Place, createPostgresPlaces } from "./store-places.ts";
import { closing, queueRun, request, succeeded, until, untilAborted, untilState } from "./store-requests.ts";

const HOLDER = join(import.meta.dirname, "hold-store.ts");
const BUSY = join(import.meta.dirname, "busy-child.ts");
const PASSWORD = "a-password-to-look-for";

const FINDING = {
  projectId: 1,
  iid: 1,
  flow: "classic",
  fingerprint: "f",
  path: "a.js",
  category: "bug",
  severity: "major",
  title: "t",
  headSha: "h",
} as const;

const START: NewRunEvent = {
  kind: "call-started",
  callId: "c",
  atMs: 1,
  attempt: 1,
  key: "flow",
  part: { role: "main", index: 0 },
  files: [],
  fileCount: 0,
  digest: null,
};

const urlOf = (place: Place): string => {
  if (!("databaseUrl" in place.database)) throw new Error("not a place on a server");
  return place.database.databaseUrl.reveal();
};

const withSql = async <T>(place: Place, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: urlOf(place) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Lets all leases end, as if their processes had stood still. */
const expireLeases = (place: Place): Promise<void> =>
  withSql(place, async (client) => {
    await client.query("UPDATE reviewflow.runs SET held_until = 0 WHERE state = 'active'");
  });

const started = await startPostgres();
if (started === null) test("the shared store", { skip: POSTGRES_MISSING }, () => undefined);
else sharedStore(started);

function sharedStore(server: PostgresServer): void {
  describe("the shared store", () => {
    const places = createPostgresPlaces(server);
    let place: Place;
    let one: Store;
    let two: Store;

    before(async () => {
      place = await places.fresh();
      // Both at once: the tables are made by one of them while the other waits.
      [one, two] = await Promise.all([place.open(), place.open()]);
    });
    after(async () => {
      await Promise.all([one, two].map((store) => store[Symbol.asyncDispose]()));
      await server.stop();
    });

    test("instances that accept for one merge request at once leave one run waiting", async () => {
      const shared = request({ iid: 1, key: "the-same-event" });
      const asks = Array.from({ length: 20 }, (_, index) => request({ iid: 1, head: `head-${index}` }));
      const outcomes = await Promise.all([
        one.accept(shared),
        two.accept(shared),
        ...asks.map((ask, index) => (index % 2 === 0 ? one : two).accept(ask)),
      ]);
      assert.equal(outcomes.filter((outcome) => outcome.kind === "duplicate").length, 1);
      const runs = await one.listRuns({ limit: 100 });
      assert.equal(runs.filter((run) => run.state === "queued").length, 1);
      assert.equal(runs.filter((run) => run.state === "superseded").length, 20);
      for (const run of await one.listRuns({ limit: 1, state: "queued" }))
        await one.cancelRun(run.id, reasonOf("cancelled-by-user", { user: "ann" }));
    });

    test("a token that one instance proved is known to the others, and forgotten with it", async () => {
      const place = await places.fresh();
      await using first = await place.open();
      await using second = await place.open();
      const [here, there] = [await first.openProvenTokens(), await second.openProvenTokens()];
      const hash = here.hash(new Secret("glpat-of-a-project-bot"));
      assert.equal(there.hash(new Secret("glpat-of-a-project-bot")), hash);
      await here.keep(hash, 1);
      await until(async () => there.isKnown(hash, 1), "the other instance to hear of it");
      await there.forget(hash, 1);
      await until(async () => !here.isKnown(hash), "the first instance to hear of it");
    });

    test("instances together work on one run of a merge request, and on so many of a project", async () => {
      const active = new Set<string>();
      const twice: string[] = [];
      let most = 0;
      const handle = async ({ run }: Claim) => {
        const name = `${run.projectId}!${run.iid}`;
        if (active.has(name)) twice.push(name);
        active.add(name);
        most = Math.max(most, active.size);
        await delay(10);
        active.delete(name);
        return succeeded;
      };
      const workers = await Promise.all(
        [one, two].map((store) => store.work({ handle, concurrency: 4, perProject: 3 })),
      );
      for (let round = 0; round < 4; round += 1) {
        await Promise.all(
          [1, 2, 3, 4, 5, 6].map((iid) =>
            queueRun(iid % 2 === 0 ? one : two, { projectId: 2, iid, head: String(round) }),
          ),
        );
        await delay(30);
      }
      await until(async () => {
        const counts = await one.countRuns();
        return counts.queued + counts.active === 0;
      }, "all runs are worked off");
      await Promise.all(workers.map((worker) => worker.stop(1_000)));
      assert.deepEqual(twice, [], "never two runs of one merge request at once");
      assert.ok(most <= 3 && most > 1, `${most} of one project at once`);
      assert.equal((await one.countRuns()).failed, 0);
    });

    test("a close that one instance takes stops the run of another", async () => {
      const runId = await queueRun(one, { projectId: 3, iid: 1 });
      const reasons: unknown[] = [];
      const worker = await two.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ signal }) => {
          await untilAborted(signal).catch((reason: unknown) => reasons.push(reason));
          return { state: "cancelled", reason: reasonOf("paused") };
        },
      });
      await untilState(one, runId, "active");
      await one.accept(closing({ projectId: 3, iid: 1 }));
      assert.equal((await untilState(one, runId, "cancelled")).reason?.code, "merge-request-closed");
      await worker.stop(0);
      assert.ok(reasons[0] instanceof RunCancelled);
    });

    test("a process that stood still loses its run and cannot interfere any more", async () => {
      const runId = await queueRun(one, { projectId: 4, iid: 1 });
      const asleep = Promise.withResolvers<void>();
      const late: unknown[] = [];
      const first = await one.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ journal }) => {
          await journal.write("step", "first");
          await asleep.promise;
          await journal.write("step", "too late").catch((error: unknown) => late.push(error));
          return { ...succeeded, result: "too late" };
        },
      });
      await until(
        async () =>
          withSql(place, async (client) => {
            const steps = await client.query("SELECT 1 FROM reviewflow.steps WHERE run_id = $1", [runId]);
            return steps.rows.length > 0;
          }),
        "the first step",
      );
      await expireLeases(place);
      const takenOver = Promise.withResolvers<void>();
      const second = await two.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ run, journal }) => {
          assert.equal(run.attempts, 2);
          assert.equal(await journal.read("step"), "first");
          takenOver.resolve();
          await delay(300);
          assert.equal(await journal.read("step"), "first");
          return { ...succeeded, result: "in time" };
        },
      });
      await takenOver.promise;
      asleep.resolve();
      const run = await untilState(two, runId, "succeeded");
      await Promise.all([first.stop(0), second.stop(1_000)]);
      assert.equal(run.result, "in time");
      assert.ok(late[0] instanceof StoreError && late[0].code === "claim-lost");
      assert.equal((await two.getRun(runId))?.result, "in time");
    });

    test("the run of a process that was killed goes to another one", async () => {
      const other = await places.fresh();
      const child: ChildProcess = spawn(process.execPath, [HOLDER, urlOf(other)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (child.stdout !== null) await once(child.stdout, "data");
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await expireLeases(other);
      await using store = await other.open();
      const worker = await store.work({ concurrency: 1, perProject: 1, handle: async () => succeeded });
      const [orphan] = await store.listRuns({ limit: 1 });
      const run = await untilState(store, orphan?.id ?? "", "succeeded");
      await worker.stop(0);
      assert.equal(run.attempts, 2);
    });

    test("a process that stands still in the middle of anything holds no lock", async () => {
      const other = await places.fresh();
      const child = spawn(process.execPath, [BUSY, urlOf(other)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const said: string[] = [];
      child.stdout.on("data", (chunk: Buffer) => said.push(String(chunk)));
      await until(async () => /end/.test(said.join("")), "the process to work");
      const sessions = (client: Client, state: string) =>
        client
          .query(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'reviewflow' AND state LIKE $1",
            [state],
          )
          .then(({ rows }) => rows.length);
      let seen = 0;
      await withSql(other, async (client) => {
        for (let stop = 0; stop < 30; stop += 1) {
          child.kill("SIGSTOP");
          await until(async () => (await sessions(client, "active")) === 0, "its statements to end");
          seen += await sessions(client, "idle in transaction%");
          child.kill("SIGCONT");
          await delay(Math.random() * 20);
        }
      });
      child.kill("SIGKILL");
      await once(child, "exit");
      assert.equal(seen, 0);
    });

    test("an instance opens no transaction that would wait for its next message", async (context) => {
      const other = await places.fresh();
      await using store = await other.open({ heartbeatMs: 60_000 });
      const sent: string[] = [];
      const query: unknown = Reflect.get(Client.prototype, "query");
      assert.ok(typeof query === "function");
      context.mock.method(
        Client.prototype,
        "query",
        function (this: Client, ...given: readonly unknown[]): unknown {
          const [asked] = given;
          const text: unknown =
            typeof asked === "object" && asked !== null ? Reflect.get(asked, "text") : asked;
          if (typeof text === "string") sent.push(text);
          return Reflect.apply(query, this, given);
        },
      );
      const runId = await queueRun(store, { iid: 1 });
      await store.cancelRun(runId, reasonOf("cancelled-by-user", { user: "ann" }));
      assert.ok((await store.runAgain(runId)) !== null);
      const shadow = { flow: "classic", candidate: "next" };
      const worker = await store.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ run, journal, memory, record, signal }) => {
          await journal.write("step", 1);
          await memory.write("step", 1);
          await record([START]);
          await store.spending.spend("2026-12-01", { id: 1, path: "a/b" }, { tokens: 1, cost: 0, runs: 1 });
          await store.lessons.keepFindings([FINDING]);
          await store.lessons.keepOutcomes([{ ...FINDING, kind: "resolved-with-change", userId: null }]);
          const gate = store.callGateOf("gitlab", 60_000);
          await gate.pass({ maxWaitMs: 1_000, signal });
          gate.holdOff(1);
          assert.ok(await store.cancelRun(run.id, reasonOf("cancelled-by-user", { user: "ann" })));
          return succeeded;
        },
      });
      const run = await until(
        async () => (await store.listRuns({ limit: 1, state: "succeeded" }))[0],
        "the run",
      );
      const lost = await queueRun(store, { iid: 2 });
      await untilState(store, lost, "succeeded");
      await worker.stop(1_000);
      await withSql(other, (client) =>
        client.query(
          "UPDATE reviewflow.runs SET state = 'active', claim_id = 'lost', finished_at = NULL, cancel_code = NULL, cancel_params = NULL WHERE id = $1",
          [lost],
        ),
      );
      const again = await store.work({ concurrency: 1, perProject: 1, handle: async () => succeeded });
      await untilState(store, lost, "succeeded");
      await again.stop(1_000);
      await store.shadows.plan({ run, candidate: "next", skip: null });
      const claim = await store.shadows.claim([shadow], { leaseMs: 60_000, plannedBeforeMs: null });
      assert.equal(claim, null, "nobody follows the candidate yet");
      await store.shadows.follow(shadow);
      const held = await store.shadows.claim([shadow], { leaseMs: 60_000, plannedBeforeMs: null });
      assert.ok(held !== null);
      await held.journal.write("step", 1);
      assert.ok(await held.settle({ state: "handed-back" }));
      const acquired = await store.reconciliation.acquire("look", { leaseMs: 60_000, pauseMs: 0 });
      assert.equal(acquired.kind, "acquired");
      assert.deepEqual(
        sent.filter((text) => /^\s*(begin|start transaction|select pg_advisory_lock)/i.test(text)),
        [],
      );
      assert.ok(sent.length > 20);
    });

    test("data of a newer version is left alone", async () => {
      const other = await places.fresh();
      await (await other.open())[Symbol.asyncDispose]();
      await withSql(other, (client) => client.query("UPDATE reviewflow.schema_version SET version = 1000"));
      await assert.rejects(
        other.open(),
        (error) => error instanceof StoreError && error.code === "store-too-new",
      );
    });

    test("an instance that meets data of a newer version while it runs says so", async () => {
      const other = await places.fresh();
      await using store = await other.open({ heartbeatMs: 40 });
      await withSql(other, (client) => client.query("UPDATE reviewflow.schema_version SET version = 1000"));
      const error = await store.outdated;
      assert.ok(error instanceof StoreError && error.code === "store-too-new");
    });

    test("a process that stood still for its lease writes nothing more, without asking anybody", async () => {
      const other = await places.fresh();
      await using store = await other.open({ heartbeatMs: 500 });
      const runId = await queueRun(store, { iid: 1 });
      const tries: unknown[] = [];
      const handled = Promise.withResolvers<void>();
      const worker = await store.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ run, signal }) => {
          if (run.attempts > 1 || tries.length > 0) return succeeded;
          const write = (): void => {
            try {
              assertMayWrite();
              tries.push("written");
            } catch (error) {
              tries.push(error instanceof StoreError && error.code);
            }
          };
          write();
          // The whole process stands still, as under SIGSTOP.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
          write();
          tries.push(signal.aborted);
          handled.resolve();
          signal.throwIfAborted();
          return { ...succeeded, result: "too late" };
        },
      });
      await handled.promise;
      assert.deepEqual(tries, ["written", "claim-lost", true]);
      assert.equal((await untilState(store, runId, "succeeded")).result, null);
      await worker.stop(1_000);
    });

    test("no error shows the password", async () => {
      const wrong = new URL(urlOf(place));
      wrong.password = "not%20the%20one";
      const nobody = new URL(urlOf(place));
      nobody.port = "1";
      const cases = [
        [wrong.href, "store-login-refused", false],
        [nobody.href, "store-unreachable", true],
        [`mysql://user:${PASSWORD}@localhost/db`, "store-url-invalid", false],
      ] as const;
      for (const [url, code, retryable] of cases) {
        await assert.rejects(openStore({ database: { databaseUrl: new Secret(url) } }), (error) => {
          assert.ok(error instanceof StoreError);
          assert.equal(error.code, code);
          assert.equal(error.retryable, retryable);
          assert.doesNotMatch(
            inspect(error, { depth: 9, showHidden: true }),
            /password-to-look|not%20the|not the one/,
          );
          return true;
        });
      }
    });

    test("a server that fails and comes back loses nothing that was done meanwhile", async () => {
      const runId = await queueRun(one, { projectId: 5, iid: 1 });
      const down = Promise.withResolvers<void>();
      let handled = 0;
      const worker = await one.work({
        concurrency: 1,
        perProject: 1,
        handle: async () => {
          handled += 1;
          await down.promise;
          return { ...succeeded, result: "done while the server was away" };
        },
      });
      await untilState(one, runId, "active");
      await server.kill();
      await assert.rejects(one.ping(), (error) => error instanceof StoreError && error.retryable);
      await assert.rejects(
        one.accept(request({ projectId: 5, iid: 2 })),
        (error) => error instanceof StoreError && error.code === "store-unreachable" && error.retryable,
      );
      down.resolve();
      await server.restart();
      const run = await until(
        async () =>
          one.getRun(runId).then(
            (found) => found?.state === "succeeded" && found,
            () => undefined,
          ),
        "the run is settled after all",
      );
      await worker.stop(0);
      assert.equal(run.result, "done while the server was away");
      assert.equal(handled, 1);
      assert.equal((await one.accept(request({ projectId: 5, iid: 2 }))).kind, "review");
    });
  });
}
