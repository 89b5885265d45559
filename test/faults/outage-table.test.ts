import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { StoreError } from "../../src/base/errors.ts";
import { createBreakers } from "../../src/base/circuit-breaker.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Outside } from "../../src/base/outside.ts";
import { reasonOf } from "../../src/base/reason.ts";
import { Secret } from "../../src/base/secret.ts";
import { behindPeers } from "../../src/dify/behind-peers.ts";
import { underBreaker } from "../../src/dify/breaker-runner.ts";
import { createDifyRunner } from "../../src/dify/dify-runner.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createModelClient } from "../../src/llm/model-client.ts";
import type { Database } from "../../src/store/database.ts";
import { LONG_WAIT_MS } from "../../src/store/outage.ts";
import { openStore } from "../../src/store/open-store.ts";
import { openSqlite } from "../../src/store/sqlite/open-sqlite.ts";
import { translator } from "../../src/messages/format-message.ts";
import { firstRound, gatherCauses } from "../../src/notify/gather-causes.ts";
import { nextNumber, queueRun, until } from "../store/store-requests.ts";
import { type MovedDatabase, openMovedSqlite } from "./moved-databases.ts";
import { openPostgres } from "../../src/store/postgres/open-postgres.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { startDatabaseRelay } from "./database-relay.ts";
import { composeRunner } from "../../src/review/compose-runner.ts";
import { planSettlement, type Settled } from "../../src/store/settle.ts";
import { settlementOfError } from "../../src/store/settlement-of-error.ts";
import type { Settlement } from "../../src/store/store.ts";
import { sql } from "kysely";
import { z } from "zod";
import { closeServer } from "../e2e/team.ts";
import { freePort } from "../free-port.ts";
import { modelRequest } from "../llm/model-setup.ts";

const FAULTS = ["refused", "slow", "cut off", "429", "wrong key", "quota"] as const;
type Fault = (typeof FAULTS)[number];
const PEERS = ["model", "Dify", "GitLab", "database"] as const;
type PeerName = (typeof PEERS)[number];

/** What comes of one failure: what a run settles with, and how often the other side was called. */
type Found = { readonly settlement: Settlement; readonly calls: number };

/** Pauses take no time; the limits of a call that is answered by nothing do. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    if (ms < LIMIT_MS * 2) await new Promise((resolve) => setTimeout(resolve, ms));
  },
};
/** Of a call that is not answered. */
const LIMIT_MS = 300;

const settle = (error: unknown): Settlement => settlementOfError(error, new AbortController().signal);

type Reply = (fault: Fault) => { readonly status: number; readonly body: unknown } | null;

/** A server with one fault, and how often it was called; null stands for one that does not listen. */
const withFault = async (
  fault: Fault,
  reply: Reply,
  ask: (url: string) => Promise<Settlement>,
): Promise<Found> => {
  let calls = 0;
  const hanging: ServerResponse[] = [];
  if (fault === "refused") {
    const url = `http://127.0.0.1:${await freePort()}`;
    return { settlement: await ask(url), calls };
  }
  const server: Server = createServer((request, response) => {
    calls += 1;
    request.resume();
    if (fault === "slow") return void hanging.push(response);
    if (fault === "cut off") return void request.socket.destroy();
    const { status, body } = reply(fault) ?? assert.fail("no reply");
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  try {
    const settlement = await ask(`http://127.0.0.1:${address.port}`);
    return { settlement, calls };
  } finally {
    await closeServer(server);
  }
};

const askModel = (fault: Fault): Promise<Found> =>
  withFault(
    fault,
    () => {
      if (fault === "wrong key") return { status: 401, body: { error: { message: "Incorrect API key" } } };
      const message =
        fault === "429" ? "Rate limit reached. Please try again in 20s." : "insufficient_quota: billing";
      return { status: 429, body: { error: { message } } };
    },
    async (url) => {
      const timeouts = { firstTokenMs: LIMIT_MS, idleMs: LIMIT_MS, totalMs: null };
      const client = createModelClient({
        models: [
          {
            name: "main",
            provider: "openai-compatible",
            model: "m",
            baseUrl: `${url}/v1`,
            apiKey: new Secret("sk-of-the-tests"),
            timeouts,
          },
        ],
        routes: [],
        default: "main",
        fallback: null,
        clock,
        logger: silentLogger,
      });
      const result = await client.generate(modelRequest());
      assert.ok(!result.ok && result.outside !== undefined, "nothing outside is named");
      const { pauseMs, ...outside } = result.outside;
      const reason = reasonOf("model-overloaded");
      return { state: "waiting", outside, reason, retryAfterMs: pauseMs ?? undefined };
    },
  );

const askDify = (fault: Fault): Promise<Found> =>
  withFault(
    fault,
    () => {
      if (fault === "wrong key")
        return {
          status: 401,
          body: { code: "unauthorized", message: "Access token is invalid", status: 401 },
        };
      if (fault === "429")
        return {
          status: 429,
          body: { code: "too_many_requests", message: "Too many requests.", status: 429 },
        };
      return { status: 400, body: { code: "provider_quota_exceeded", message: "Quota", status: 400 } };
    },
    async (url) => {
      const breakers = createBreakers({ rules: null, clock });
      const peers = {
        server: { kind: "dify", name: url },
        app: { kind: "flow", name: "flows.team" },
      } as const;
      const apiKey = new Secret("app-of-the-tests");
      const plain = createDifyRunner({ baseUrl: url, apiKey, clock, limits: { answerMs: LIMIT_MS } });
      const runner = composeRunner(plain, {
        circuitBreaker: (inner) => underBreaker(inner, breakers.of("dify")),
        outside: (inner) =>
          behindPeers(inner, peers, { clock, onWorks: () => undefined, breaker: breakers.of("app") }),
      });
      const stop = AbortSignal.timeout(LIMIT_MS * 200);
      return runner.describe(stop).then(() => assert.fail("an answer"), settle);
    },
  );

const askGitLab = (fault: Fault): Promise<Found> =>
  withFault(
    fault,
    () => {
      if (fault === "wrong key") return { status: 401, body: { message: "401 Unauthorized" } };
      return {
        status: 429,
        body: { message: { error: "This endpoint has been requested too many times. Try again later." } },
      };
    },
    (url) => {
      const client = createGitLabClient({
        url,
        token: new Secret("glpat-of-the-tests"),
        timeoutMs: LIMIT_MS,
        clock,
        random: () => 0,
      });
      return client.json({ route: "/user" }, z.unknown()).then(() => assert.fail("an answer"), settle);
    },
  );

const server = await startPostgres();
after(() => server?.stop());

/** A statement on a real server behind a relay; what is done to it, and what becomes of the statement. */
const askDatabase = async (fault: Fault): Promise<Found> => {
  assert.ok(server !== null, POSTGRES_MISSING);
  const url = await server.createDatabase();
  await using relay = await startDatabaseRelay(url);
  const open = (address: string) =>
    openPostgres({
      databaseUrl: new Secret(address),
      maxConnections: 2,
      logger: silentLogger,
      answerMs: LIMIT_MS,
    });
  const statement = async (database: Database, text: string): Promise<Found> => {
    const error = await sql
      .raw(text)
      .execute(database.db)
      .then(
        () => assert.fail("carried out"),
        (failure: unknown) => failure,
      );
    return { settlement: settle(error), calls: 1 };
  };
  const as = (user: string, password: string): string => {
    const other = new URL(relay.through(url));
    other.username = user;
    other.password = password;
    return other.href;
  };
  const database = await open(relay.through(url));
  try {
    switch (fault) {
      case "wrong key":
        return await open(as("reviewflow", "another-password")).then(
          () => assert.fail("let in"),
          (error: unknown) => ({ settlement: settle(error), calls: 1 }),
        );
      case "429":
        // What PostgreSQL says to one connection too many.
        await database.script("CREATE ROLE crowd LOGIN PASSWORD 'crowd' CONNECTION LIMIT 0");
        return await open(as("crowd", "crowd")).then(
          () => assert.fail("let in"),
          (error: unknown) => ({ settlement: settle(error), calls: 1 }),
        );
      case "quota":
        return await statement(
          database,
          "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$",
        );
      default:
        await relay.set(fault);
        return await statement(database, "SELECT 1");
    }
  } finally {
    await relay.set(null);
    if (fault === "slow") await database.script("SELECT 1");
    await database.close();
  }
};

const ASK: Readonly<Record<PeerName, (fault: Fault) => Promise<Found>>> = {
  model: askModel,
  Dify: askDify,
  GitLab: askGitLab,
  database: askDatabase,
};

/** By peer and fault: what is found, whom, how many calls it costs, and after which pause one goes on (null: growing). */
type Cell = readonly [
  verdict: Outside["verdict"],
  kind: Outside["peer"]["kind"],
  calls: number,
  pauseS: number | null,
];

const CELLS: Readonly<Record<PeerName, Readonly<Record<Fault, Cell>>>> = {
  model: {
    refused: ["away", "model", 0, null],
    slow: ["away", "model", 3, null],
    "cut off": ["away", "model", 3, null],
    "429": ["away", "model", 3, 20],
    "wrong key": ["refused", "model", 1, null],
    quota: ["away", "model", 1, null],
  },
  Dify: {
    refused: ["away", "dify", 0, null],
    slow: ["away", "dify", 1, null],
    "cut off": ["away", "dify", 1, null],
    "429": ["away", "flow", 1, null],
    "wrong key": ["refused", "flow", 1, null],
    quota: ["away", "flow", 1, null],
  },
  GitLab: {
    refused: ["away", "gitlab", 0, null],
    slow: ["away", "gitlab", 4, null],
    "cut off": ["away", "gitlab", 4, null],
    "429": ["away", "gitlab", 1, 60],
    "wrong key": ["refused", "gitlab", 1, null],
    quota: ["away", "gitlab", 1, 60],
  },
  database: {
    refused: ["away", "database", 1, null],
    slow: ["away", "database", 1, null],
    "cut off": ["away", "database", 1, null],
    "429": ["away", "database", 1, null],
    "wrong key": ["away", "database", 1, null],
    quota: ["away", "database", 1, null],
  },
};

const POLICY = { maxAttempts: 5, baseMs: 5_000, maxMs: 600_000, giveUpMs: 86_400_000 };
const RUN: Settled = {
  id: "run",
  kind: "review",
  projectId: 1,
  iid: 2,
  headSha: "a",
  targetBranch: null,
  state: "active",
  failures: 4,
  stalledCount: 0,
  waits: 0,
  claimId: "claim",
  cancelCode: null,
  cancelParams: null,
  waitedMs: 0,
};

/** When it goes on: by itself for a day, and for as long as it takes where a person has to act. */
const assertGoesOn = (
  settlement: Settlement & { readonly state: "waiting" },
  pauseS: number | null,
): void => {
  const isParked = settlement.outside.verdict === "refused";
  // Seconds: at the cost of no attempt, although only one is left.
  const first = planSettlement(RUN, settlement, false, POLICY, 1);
  assert.ok(first.kind === "wait");
  const grownMs = isParked ? 0 : 5_000;
  assert.equal(first.delayMs, pauseS === null ? grownMs : pauseS * 1_000);
  // Hours: with longer pauses, and it is given up after a day unless a person has to act.
  const hours = { ...RUN, waits: 30, waitedMs: 23 * 3_600_000 };
  const later = planSettlement(hours, settlement, false, POLICY, 1);
  assert.ok(later.kind === "wait");
  if (pauseS === null && !isParked) assert.equal(later.delayMs, POLICY.maxMs);
  const day = planSettlement({ ...hours, waitedMs: POLICY.giveUpMs }, settlement, false, POLICY, 1);
  assert.equal(day.kind, isParked ? "wait" : "end");
};

/** What a run that settles so leaves for author and operator to see, now and after ten minutes. */
const seenOf = async (settlement: Settlement, database: MovedDatabase) => {
  const dataDir = await mkdtemp(join(tmpdir(), "reviewflow-outage-"));
  try {
    await using store = await openStore({ database: { dataDir } });
    const worker = await store.work({ handle: async () => settlement, concurrency: 1, perProject: 1 });
    const runId = await queueRun(store, { iid: nextNumber() });
    const run = await until(async () => {
      const found = await store.getRun(runId);
      return found === null || found.waitingFor === null ? undefined : found;
    }, "it waits");
    await worker.stop(1_000);
    const look = async () => {
      const { causes } = await gatherCauses(
        {
          notices: store.notices,
          outages: store.outages.list,
          reachedBudgets: async () => [],
          hooks: null,
          wantsFindings: false,
          clock: systemClock,
        },
        firstRound(0),
      );
      const due = await store.progress.listDue(["classic"], {
        failedSinceMs: 0,
        waitsMs: LONG_WAIT_MS,
        nowMs: Date.now(),
      });
      return {
        told: causes.map(({ event }) => event),
        note: due.map(({ shows, run: shown }) => [shows, shown.waitingFor?.kind]),
      };
    };
    const [row] = await store.outages.list();
    const now = await look();
    await database.move(LONG_WAIT_MS + 1_000);
    return {
      run: [run.state, run.attempts, run.waits],
      row: row === undefined ? null : [row.state, row.peer.kind, row.waiting],
      now,
      later: await look(),
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

suite("what an outage comes to", () => {
  let moved: MovedDatabase;
  before(async () => {
    moved = await openMovedSqlite();
  });
  after(() => moved[Symbol.asyncDispose]());

  for (const peer of PEERS)
    for (const fault of FAULTS) {
      const [verdict, kind, calls, pauseS] = CELLS[peer][fault];
      const skip = peer === "database" && server === null && POSTGRES_MISSING;
      test(`${peer}, ${fault}: ${verdict}, ${calls} calls`, { skip }, async () => {
        const found = await ASK[peer](fault);
        const { settlement } = found;
        assert.ok(settlement.state === "waiting", settlement.state);
        assert.deepEqual(
          [settlement.outside.verdict, settlement.outside.peer.kind, found.calls],
          [verdict, kind, calls],
        );
        // Author and operator: a note after ten minutes, a row at once, a message at once where a person has to act.
        const isParked = verdict === "refused";
        const later = isParked ? "parked" : "review_failing";
        assert.deepEqual(await seenOf(settlement, moved), {
          run: ["queued", 0, 1],
          row: kind === "database" ? null : [isParked ? "parked" : "away", kind, 1],
          now: { told: isParked ? ["parked"] : [], note: [] },
          later: { told: [later], note: [["waiting", kind]] },
        });
        assertGoesOn(settlement, pauseS);
      });
    }

  for (const [fault, code] of [
    ["locked", "store-conflict"],
    ["broken disk", "store-io-failed"],
    ["full", "store-disk-full"],
  ] as const)
    test(`database in a folder, ${fault}: away`, async () => {
      const dataDir = await mkdtemp(join(tmpdir(), "reviewflow-outage-"));
      const database = await openSqlite(dataDir);
      try {
        await database.script("CREATE TABLE reviewflow.things (text text)");
        const write = () =>
          database.script(`INSERT INTO reviewflow.things VALUES ('${"x".repeat(100_000)}')`);
        // A full disk is real: the file may have no more pages than it has.
        if (fault === "full") await database.script("PRAGMA reviewflow.max_page_count = 10");
        else await moved.set(fault);
        const error = await write().then(
          () => assert.fail("written"),
          (failure: unknown) => failure,
        );
        const settlement = settle(error);
        assert.ok(error instanceof StoreError && error.code === code, String(error));
        assert.ok(settlement.state === "waiting", settlement.state);
        assert.deepEqual(settlement.outside, {
          peer: { kind: "database", name: "sqlite" },
          verdict: "away",
        });
        assertGoesOn(settlement, null);
        await moved.set(null);
        if (fault === "full") await database.script("PRAGMA reviewflow.max_page_count = 10000");
        await write();
      } finally {
        await moved.set(null);
        await database.close();
        await rm(dataDir, { recursive: true, force: true });
      }
    });

  test("is what docs/operations.md says", () => {
    const text = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
    for (const peer of PEERS)
      for (const fault of FAULTS) {
        const [verdict, kind, calls] = CELLS[peer][fault];
        const row = text.split("\n").find((line) => line.startsWith(`| ${peer} | ${fault} |`));
        assert.ok(row !== undefined, `no row for ${peer}, ${fault}`);
        const [, , , author, operator, cost] = row.split("|").map((cell) => cell.trim());
        assert.ok(author?.endsWith(translator("English")(`progress.peer.${kind}`)), row);
        assert.equal(operator?.includes("row: parked; `parked`"), verdict === "refused", row);
        assert.equal(operator?.includes("`review_failing`"), verdict !== "refused", row);
        assert.equal(operator?.includes("row:"), kind !== "database", row);
        assert.equal(cost, String(calls), row);
      }
  });
});
