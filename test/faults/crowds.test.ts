import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { MAX_BODY_BYTES } from "../../src/http/read-body.ts";
import { startServer } from "../../src/http/server.ts";
import { payload, SECRET, setUp } from "../http/webhook-app.ts";
import { openRaw, type RawSocket } from "./raw-sockets.ts";

const HEADERS = {
  "content-type": "application/json",
  "x-gitlab-event": "Merge Request Hook",
  "x-gitlab-token": SECRET,
};

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url);
  await response.text();
  return response.status;
};

const deliver = async (url: string, body: string): Promise<number> => {
  const response = await fetch(`${url}/webhooks/gitlab`, { method: "POST", headers: HEADERS, body });
  await response.text();
  return response.status;
};

/** Opens connections in groups that the kernel's queue of unaccepted ones holds: it drops what is over it unseen. */
const crowd = async (url: string, idle: RawSocket[], count: number): Promise<void> => {
  while (idle.length < count) {
    const group = Array.from({ length: 100 }, () => openRaw(Number(new URL(url).port)));
    idle.push(...group);
    await Promise.all(group.map(({ socket }) => once(socket, "connect")));
    assert.equal(await statusOf(`${url}/healthz`), 200);
  }
};

const serve = (times: { headersTimeoutMs?: number; requestTimeoutMs?: number } = {}) =>
  startServer({ app: setUp().app, host: "127.0.0.1", port: 0, ...times });

suite("crowds", () => {
  test("2000 idle connections: deliveries are answered, and the server stops in order", async () => {
    const server = await serve({ headersTimeoutMs: 60_000, requestTimeoutMs: 120_000 });
    const idle: RawSocket[] = [];
    try {
      await crowd(server.url, idle, 2_000);
      assert.equal(await deliver(server.url, JSON.stringify(payload())), 202);
      assert.equal(await statusOf(`${server.url}/healthz`), 200);
      await server.stop(1_000);
      await Promise.all(idle.map(({ ended }) => ended));
    } finally {
      for (const one of idle) one[Symbol.dispose]();
    }
  });

  test("senders of single bytes: cut off, and deliveries are answered meanwhile", async () => {
    const server = await serve({ headersTimeoutMs: 1_000, requestTimeoutMs: 2_000 });
    const port = Number(new URL(server.url).port);
    const slow = Array.from({ length: 50 }, () => openRaw(port));
    const head = `POST /webhooks/gitlab HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-gitlab-token: ${SECRET}\r\n`;
    for (const [index, { socket }] of slow.entries())
      socket.write(index % 2 === 0 ? "POST /web" : `${head}content-length: 100000\r\n\r\n{`);
    const drip = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write("x");
    }, 100);
    try {
      assert.equal(await deliver(server.url, JSON.stringify(payload())), 202);
      for (const answer of await Promise.all(slow.map(({ ended }) => ended)))
        assert.match(answer, /^HTTP\/1\.1 4\d\d|^$/);
      assert.equal(await deliver(server.url, JSON.stringify(payload())), 202);
    } finally {
      clearInterval(drip);
      for (const one of slow) one[Symbol.dispose]();
      await server.stop(0);
    }
  });

  test("connections that never send a byte are ended after the time for headers", async () => {
    const server = await serve({ headersTimeoutMs: 1_000, requestTimeoutMs: 2_000 });
    const idle: RawSocket[] = [];
    try {
      await crowd(server.url, idle, 300);
      assert.deepEqual(
        new Set((await Promise.all(idle.map(({ ended }) => ended))).map((text) => text.slice(0, 12))),
        new Set(["HTTP/1.1 408"]),
      );
      assert.equal(await deliver(server.url, JSON.stringify(payload())), 202);
    } finally {
      for (const one of idle) one[Symbol.dispose]();
      await server.stop(0);
    }
  });

  test("bodies of 25 MB: one is taken, one byte more is not, and together they are bounded", async () => {
    const server = await serve({ requestTimeoutMs: 120_000 });
    const port = Number(new URL(server.url).port);
    const head = `POST /webhooks/gitlab HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-gitlab-event: Merge Request Hook\r\nx-gitlab-token: ${SECRET}\r\ncontent-length: ${MAX_BODY_BYTES}\r\n\r\n`;
    const almost = Buffer.alloc(MAX_BODY_BYTES - 1, " ");
    const held = Array.from({ length: 10 }, () => openRaw(port));
    try {
      const bare = JSON.stringify(payload());
      const body = `${bare}${" ".repeat(MAX_BODY_BYTES - bare.length)}`;
      assert.equal(await deliver(server.url, body), 202);
      assert.equal(await deliver(server.url, `${body} `), 413);
      // Ten that never end are over the room for eight: the ones too many are told to come again.
      const answers = held.map(({ socket }) => once(socket, "data"));
      for (const { socket } of held) {
        socket.write(head);
        socket.write(almost);
      }
      assert.match(String(await Promise.race(answers)), /^HTTP\/1\.1 503/);
      assert.equal(await statusOf(`${server.url}/healthz`), 200);
    } finally {
      for (const one of held) one[Symbol.dispose]();
      await server.stop(0);
    }
  });
});
