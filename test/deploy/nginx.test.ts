import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { SECRET, teamEnvironment } from "../e2e/start.ts";
import { createTeam, eventually } from "../e2e/team.ts";
import { freePort } from "../free-port.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { nginxOrReason } from "./find-nginx.ts";
import { type RunningNginx, startNginx } from "./start-nginx.ts";

const { path: nginxPath, skip: noNginx } = nginxOrReason();
const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;
const skip = noNginx !== false ? noNginx : hasOpenSsl ? false : "left out: there is no openssl";

const MB = 1024 * 1024;
const HOOK = "/webhooks/gitlab";

/** A request as it came out of nginx. */
type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: number;
};

const responseOf = (outgoing: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => outgoing.once("response", resolve).once("error", reject));

/** A server in nginx's back that remembers requests and holds event streams open until it is told. */
const startUpstream = async () => {
  const seen: Seen[] = [];
  const bodies: number[] = [];
  const streams: ServerResponse[] = [];
  const connections = new Map<object, number>();
  const server = createServer((incoming, outgoing) => {
    const connection = connections.get(incoming.socket) ?? connections.size + 1;
    connections.set(incoming.socket, connection);
    const { method = "", url: path = "", headers } = incoming;
    seen.push({ method, path, headers, connection });
    // Without the header by which a server may ask nginx not to buffer: the configuration does it by itself.
    if (/^\/dashboard\/(live|runs\/)/.test(path)) {
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.write("data: first\n\n");
      streams.push(outgoing);
      return;
    }
    let size = 0;
    incoming.on("data", (chunk: Buffer) => (size += chunk.byteLength));
    incoming.on("end", () => {
      bodies.push(size);
      outgoing.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ size }));
    });
  });
  server.keepAliveTimeout = 65_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { port, seen, bodies, streams, stop };
};

/** A request to an nginx on this machine. */
const openAt = (
  nginx: RunningNginx,
  path: string,
  {
    body,
    headers = {},
    agent = false,
  }: { body?: Buffer; headers?: Record<string, string>; agent?: Agent | false } = {},
): ClientRequest => {
  const method = body === undefined ? "GET" : "POST";
  const where = { host: "127.0.0.1", port: nginx.port, ca: nginx.certificate, path };
  const outgoing = request({ ...where, method, headers, agent });
  outgoing.end(body);
  return outgoing;
};

describe("nginx in front of Reviewflow", { skip }, () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let nginx: RunningNginx;
  before(async () => {
    upstream = await startUpstream();
    nginx = await startNginx(nginxPath ?? "", upstream.port);
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await upstream?.stop();
  });

  const open = (path: string, options: Parameters<typeof openAt>[2] = {}): ClientRequest =>
    openAt(nginx, path, options);

  const ask = async (
    ...[path, options]: Parameters<typeof open>
  ): Promise<{ status: number; body: string }> => {
    const outgoing = open(path, options);
    const incoming = await responseOf(outgoing);
    return { status: incoming.statusCode ?? 0, body: await text(incoming) };
  };

  it("lets a webhook of 24 MB through whole, and none over 25 MB", async () => {
    const taken = await ask(HOOK, { body: Buffer.alloc(24 * MB, "x") });
    assert.deepEqual(taken, { status: 202, body: JSON.stringify({ size: 24 * MB }) });
    const before = upstream.seen.length;
    assert.equal((await ask("/gitlab-webhook", { body: Buffer.alloc(25 * MB + 1) })).status, 413);
    assert.equal((await ask("/dashboard/sign-in", { body: Buffer.alloc(2 * MB) })).status, 413);
    assert.equal(upstream.seen.length, before, "what is too large never reaches Reviewflow");
  });

  it("keeps slow senders away: Reviewflow sees a request when the body is whole", async () => {
    const before = upstream.seen.length;
    const socket = connectTls({ host: "127.0.0.1", port: nginx.port, ca: nginx.certificate });
    await once(socket, "secureConnect");
    socket.write(
      `POST ${HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf `,
    );
    // Others are served meanwhile; the slow one would have been seen before them.
    assert.equal((await ask("/healthz")).status, 202);
    assert.deepEqual(
      upstream.seen.slice(before).map(({ path }) => path),
      ["/healthz"],
    );
    socket.write("whole");
    assert.match(await text(socket), /^HTTP\/1\.1 202 /);
    assert.equal(upstream.bodies.at(-1), 10);
  });

  for (const path of ["/dashboard/live", "/dashboard/runs/r1/events?since=3"])
    it(`hands on the events of ${path} as they come`, async () => {
      const outgoing = open(path, { headers: { accept: "text/event-stream" } });
      const incoming = await responseOf(outgoing);
      const events = incoming.setEncoding("utf8")[Symbol.asyncIterator]();
      // The stream ends only further down: nothing here may wait for its end.
      assert.equal((await events.next()).value, "data: first\n\n");
      const stream = upstream.streams.at(-1);
      stream?.write("data: second\n\n");
      assert.equal((await events.next()).value, "data: second\n\n");
      stream?.end();
      assert.equal((await events.next()).done, true);
    });

  it("keeps connections, its own to Reviewflow and those of its clients", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = upstream.seen.length;
    const ports = new Set<number | undefined>();
    for (let turn = 0; turn < 10; turn += 1) {
      const outgoing = open("/healthz", { agent });
      outgoing.once("socket", (socket) => socket.once("secureConnect", () => ports.add(socket.localPort)));
      const incoming = await responseOf(outgoing);
      await text(incoming);
    }
    agent.destroy();
    const connections = new Set(upstream.seen.slice(before).map(({ connection }) => connection));
    assert.equal(ports.size, 1);
    // Each worker process of nginx has its own; one client stays with one worker.
    assert.equal(connections.size, 1);
  });

  it("says who asked, by what name and how, whatever the client claims", async () => {
    const claims = {
      "x-forwarded-for": "10.9.9.9",
      "x-forwarded-proto": "http",
      host: "reviews.example.com:8443",
    };
    await ask("/dashboard", { headers: { ...claims, "x-gitlab-token": "secret", cookie: "a=b" } });
    const headers = upstream.seen.at(-1)?.headers ?? {};
    assert.deepEqual(
      [headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["x-forwarded-host"], headers.host],
      ["127.0.0.1", "https", "reviews.example.com:8443", "reviews.example.com:8443"],
    );
    assert.deepEqual([headers["x-gitlab-token"], headers.cookie], ["secret", "a=b"]);
  });

  it("shows no metrics", async () => {
    assert.equal((await ask("/metrics")).status, 404);
  });

  it("complains about nothing but what was too large", () => {
    const complaints = nginx
      .said()
      .split("\n")
      .filter((line) => line !== "" && !/too large body|buffered to a temporary file/.test(line));
    assert.deepEqual(complaints, []);
  });
});

describe("nginx in front of two servers of one database", { skip }, () => {
  it("answers every delivery with 2xx while they are restarted in turn, and each is stored once", async (context) => {
    const postgres = await startPostgres();
    if (postgres === null) return context.skip(POSTGRES_MISSING);
    await using opened = new AsyncDisposableStack();
    opened.defer(postgres.stop);
    const gitlab = opened.use(await startGitLabStandIn());
    const dify = opened.use(await startDifyStandIn({ apps: [noteApp()] }));
    const team = await createTeam(gitlab);
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-two-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const environment = teamEnvironment(team, dify, folder, {
      DATABASE_URL: await postgres.createDatabase(),
    });
    const start = (port: number): Promise<Reviewflow> =>
      startReviewflow(readConfig({ ...environment, REVIEWFLOW_PORT: String(port) }, null), {
        logger: silentLogger,
      });
    const ports = [await freePort(), await freePort()] as const;
    const running: [Reviewflow, Reviewflow] = [await start(ports[0]), await start(ports[1])];
    opened.defer(async () => void (await Promise.all(running.map((one) => one[Symbol.asyncDispose]()))));
    await using nginx = await startNginx(nginxPath ?? "", ports);

    const answers: number[] = [];
    const keys: string[] = [];
    const restarted = new AbortController();
    const send = async (): Promise<void> => {
      for (let turn = 0; !restarted.signal.aborted || turn < 10; turn += 1) {
        const key = randomUUID();
        keys.push(key);
        const body = Buffer.from(JSON.stringify({ object_kind: "push", project: { id: team.project.id } }));
        const headers = {
          "content-type": "application/json",
          "x-gitlab-event": "Push Hook",
          "x-gitlab-token": SECRET,
          "idempotency-key": key,
        };
        const incoming = await responseOf(openAt(nginx, HOOK, { body, headers }));
        answers.push(incoming.statusCode ?? 0);
        await text(incoming);
      }
    };
    const restart = async (): Promise<void> => {
      for (const place of [0, 1, 0, 1] as const) {
        // What was asked of the one that was away is answered before the other one goes.
        const answered = answers.length + 20;
        await eventually("answers from both", async () => answers.length >= answered || undefined);
        await running[place][Symbol.asyncDispose]();
        running[place] = await start(ports[place]);
      }
      restarted.abort();
    };
    await Promise.all([restart(), ...Array.from({ length: 4 }, send)]);
    assert.deepEqual(
      answers.filter((status) => status >= 300),
      [],
    );
    const stored = (await running[0].store.listDeliveries({ limit: 100_000 })).map(({ key }) => key);
    assert.deepEqual(stored.toSorted(), keys.map((key) => `idempotency-key:${key}`).toSorted());
  });
});
