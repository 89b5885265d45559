import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../src/http/server.ts";
import { payload, SECRET, setUp } from "../http/webhook-app.ts";
import { openRaw } from "./raw-sockets.ts";

const HEAD = `POST /webhooks/gitlab HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-gitlab-event: Merge Request Hook\r\nx-gitlab-token: ${SECRET}\r\n`;
const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const withLength = (body: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${HEAD}connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]);

/** What is sent, and the answers that are right; an empty one is a closed connection. */
const MALFORMED: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["no HTTP", "\u0000\u0001\u0002 hello\r\n\r\n", /^HTTP\/1\.1 400|^$/],
  ["a TLS greeting", Buffer.from("16030100ff010000fb0303", "hex"), /^HTTP\/1\.1 400|^$/],
  ["a version that is none", "GET / HTTP/9.9\r\n\r\n", /^HTTP\/1\.1 (400|505)|^$/],
  ["a header without a colon", "GET /healthz HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n", /^HTTP\/1\.1 400/],
  ["a header with control characters", "GET /healthz HTTP/1.1\r\nhost: \u0000\r\n\r\n", /^HTTP\/1\.1 400/],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
  [
    "huge headers",
    `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431/,
  ],
  ["a huge address", `GET /${"y".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, /^HTTP\/1\.1 (414|431)/],
  ["two lengths", `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`, /^HTTP\/1\.1 400/],
  [
    "length and chunks",
    `${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
    /^HTTP\/1\.1 400/,
  ],
  ["a negative length", `${HEAD}content-length: -1\r\n\r\n`, /^HTTP\/1\.1 400/],
  ["a length that is no number", `${HEAD}content-length: many\r\n\r\n`, /^HTTP\/1\.1 400/],
  ["a length beyond all bounds", `${HEAD}content-length: 99999999999999\r\n\r\n`, /^HTTP\/1\.1 413/],
  [
    "a chunk size that is none",
    `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
    /^HTTP\/1\.1 (400|408)|^$/,
  ],
  ["no JSON", withLength("{"), /^HTTP\/1\.1 400/],
  ["an empty body", withLength(""), /^HTTP\/1\.1 400/],
  ["invalid UTF-8", withLength(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), /^HTTP\/1\.1 400/],
  ["JSON of another kind", withLength("[[[]]]"), /^HTTP\/1\.1 (200|400)/],
  ["deep JSON", withLength(deep(20_000)), /^HTTP\/1\.1 (200|400)/],
  ["a number beyond all bounds", withLength('{"object_attributes":{"iid":1e999}}'), /^HTTP\/1\.1 (200|400)/],
  ["__proto__", withLength('{"__proto__":{"object_kind":"merge_request"}}'), /^HTTP\/1\.1 (200|400)/],
];

test("malformed requests are refused one by one, and deliveries are taken between them", async () => {
  const server = await startServer({
    app: setUp().app,
    host: "127.0.0.1",
    port: 0,
    headersTimeoutMs: 3_000,
    requestTimeoutMs: 3_000,
  });
  try {
    for (const [name, bytes, expected] of MALFORMED) {
      using raw = openRaw(Number(new URL(server.url).port));
      raw.socket.end(bytes);
      assert.match(await raw.ended, expected, name);
      const response = await fetch(`${server.url}/webhooks/gitlab`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-gitlab-event": "Merge Request Hook",
          "x-gitlab-token": SECRET,
        },
        body: JSON.stringify(payload()),
      });
      await response.text();
      assert.equal(response.status, 202, name);
    }
  } finally {
    await server.stop(0);
  }
});
