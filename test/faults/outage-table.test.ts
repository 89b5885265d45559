import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { suite, test } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
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
import { postgresError } from "../../src/store/database-error.ts";
import { composeRunner } from "../../src/review/compose-runner.ts";
import { planSettlement, type Settled } from "../../src/store/settle.ts";
import { settlementOfError } from "../../src/store/settlement-of-error.ts";
import type { Settlement } from "../../src/store/store.ts";
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

const CODES: Readonly<Record<Fault, string>> = {
  refused: "ECONNREFUSED",
  slow: "57014",
  "cut off": "57P01",
  "429": "53300",
  "wrong key": "28P01",
  quota: "53100",
};

/** As the driver tells of it; what a server that stands still does is in postgres-restart.test.ts. */
const askDatabase = async (fault: Fault): Promise<Found> => {
  const error = postgresError(Object.assign(new Error("no"), { code: CODES[fault] }));
  return { settlement: settle(error), calls: 1 };
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

suite("what an outage comes to", () => {
  for (const peer of PEERS)
    for (const fault of FAULTS) {
      const [verdict, kind, calls, pauseS] = CELLS[peer][fault];
      test(`${peer}, ${fault}: ${verdict}, ${calls} calls`, async () => {
        const found = await ASK[peer](fault);
        const { settlement } = found;
        assert.ok(settlement.state === "waiting", settlement.state);
        assert.deepEqual(
          [settlement.outside.verdict, settlement.outside.peer.kind, found.calls],
          [verdict, kind, calls],
        );
        // Seconds: it waits at the cost of no attempt, although only one is left.
        const first = planSettlement(RUN, settlement, false, POLICY, 1);
        assert.ok(first.kind === "wait");
        const grownMs = verdict === "refused" ? 0 : 5_000;
        assert.equal(first.delayMs, pauseS === null ? grownMs : pauseS * 1_000);
        // Hours: it still waits, with longer pauses, and is given up after a day unless a person has to act.
        const hours = { ...RUN, waits: 30, waitedMs: 23 * 3_600_000 };
        const later = planSettlement(hours, settlement, false, POLICY, 1);
        assert.ok(later.kind === "wait");
        if (pauseS === null && verdict !== "refused") assert.equal(later.delayMs, POLICY.maxMs);
        const day = planSettlement({ ...hours, waitedMs: POLICY.giveUpMs }, settlement, false, POLICY, 1);
        assert.equal(day.kind, verdict === "refused" ? "wait" : "end");
      });
    }

  test("is what docs/operations.md says", () => {
    const text = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
    for (const peer of PEERS)
      for (const fault of FAULTS) {
        const [verdict, , calls] = CELLS[peer][fault];
        const row = text.split("\n").find((line) => line.startsWith(`| ${peer} | ${fault} |`));
        assert.ok(row !== undefined, `no row for ${peer}, ${fault}`);
        assert.ok(row.includes(verdict === "refused" ? "parked" : "waits"), row);
        assert.ok(row.includes(`| ${calls} |`), row);
      }
  });
});
