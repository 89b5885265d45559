import { verbatim } from "../../src/messages/message.ts";
/** Requests as no GitLab sends them, byte by byte over a real connection: what is not proved is not accepted. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { StoreError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { type RunningServer, startServer } from "../../src/http/server.ts";
import { payload, SECRET, setUp } from "./webhook-app.ts";

const TOKEN = `X-Gitlab-Token: ${SECRET}`;
const SMALL = JSON.stringify(payload());

const post = (headers: readonly string[], body: string | Uint8Array = SMALL): Buffer => {
  const bytes = Buffer.from(body);
  const head = [
    "POST /webhooks/gitlab HTTP/1.1",
    "Host: x",
    "Content-Type: application/json",
    "X-Gitlab-Event: Merge Request Hook",
    ...headers,
    `Content-Length: ${bytes.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]);
};
const changed = (request: Buffer, from: string, to: string): Buffer =>
  Buffer.from(request.toString("latin1").replace(from, to), "latin1");
const inProject = (project: Readonly<Record<string, unknown>>): Buffer =>
  post([TOKEN], JSON.stringify(payload({ project: { web_url: "x", ...project } })));

const REQUESTS: Readonly<
  Record<string, readonly [request: Buffer, statuses: readonly number[], accepted: number]>
> = {
  "as GitLab sends it": [post([TOKEN]), [202], 1],
  "a wrong token before the right one": [post(["X-Gitlab-Token: wrong", TOKEN]), [401], 0],
  "a wrong token behind the right one": [post([TOKEN, "X-Gitlab-Token: wrong"]), [401], 0],
  "a token with a zero behind": [post([`${TOKEN}\0`]), [400], 0],
  "a token over two lines": [post([TOKEN.replace("webhook", "\r\n webhook")]), [400], 0],
  "two kinds of length": [post([TOKEN, "Transfer-Encoding: chunked"]), [400], 0],
  "two lengths": [post([TOKEN, "Content-Length: 5"]), [400], 0],
  "a request in the body of a wrong one": [
    post(["X-Gitlab-Token: wrong"], post([TOKEN]).toString("latin1")),
    [401],
    0,
  ],
  "an expectation that nobody knows": [post([TOKEN, "Expect: 200-perhaps"]), [417], 0],
  "a packed body": [post([TOKEN, "Content-Encoding: gzip"], gzipSync(SMALL)), [400], 0],
  "a method in the place of another": [
    changed(post([TOKEN, "X-HTTP-Method-Override: POST"]), "POST ", "GET "),
    [405],
    0,
  ],
  "an encoded path": [changed(post([TOKEN]), "/webhooks/gitlab", "/webhooks%2Fgitlab"), [404], 0],
  "a doubled slash": [changed(post([TOKEN]), "/webhooks/gitlab", "//webhooks/gitlab"), [404], 0],
  "two types": [post([TOKEN, "Content-Type: text/plain"]), [415], 0],
  "no body": [post([TOKEN], ""), [400], 0],
  "a list": [post([TOKEN], "[]"), [401], 0],
  "UTF-16": [post([TOKEN], Buffer.from(SMALL, "utf16le")), [400], 0],
  "a foreign id under one's own path": [inProject({ id: 8, path_with_namespace: "group/project" }), [401], 0],
  "a path that leads elsewhere": [inProject({ id: 8, path_with_namespace: "group/../other/one" }), [401], 0],
  "an encoded slash in a path": [inProject({ id: 8, path_with_namespace: "group%2Fproject" }), [401], 0],
  "a zero behind a path": [inProject({ id: 8, path_with_namespace: "group/project\0" }), [401], 0],
  "a path over two lines": [inProject({ id: 8, path_with_namespace: "group/x\nother/one" }), [401], 0],
  "wide letters in a path": [inProject({ id: 8, path_with_namespace: "ｇroup/project" }), [401], 0],
  "a text for an id": [inProject({ id: "8", path_with_namespace: "group/project" }), [401], 0],
  "a negative id": [inProject({ id: -8, path_with_namespace: "group/project" }), [401], 0],
  "a list for an id": [inProject({ id: [8], path_with_namespace: "group/project" }), [401], 0],
};

suite("a request as no GitLab sends it", () => {
  const app = setUp({
    verify: {
      secrets: [{ secret: new Secret(SECRET), projects: ["group/*"] }],
      signingTokens: [],
      tokenPassThrough: false,
    },
    projects: {
      of: async (id) => {
        if (id === 7) return { kind: "known", path: "group/project" };
        return id === 8
          ? { kind: "known", path: "other/one" }
          : { kind: "unknown", error: new StoreError(verbatim("Not known."), { code: "store-unavailable" }) };
      },
    },
  });
  let server: RunningServer;
  before(async () => {
    server = await startServer({ app: app.app, host: "127.0.0.1", port: 0 });
  });
  after(() => server.stop(100));

  /** The statuses of the answers; the connection ends with the last. */
  const send = async (request: Buffer, answers: number): Promise<readonly number[]> => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    await once(socket, "connect");
    let text = "";
    socket.write(request);
    for await (const chunk of socket) {
      text += String(chunk);
      if ([...text.matchAll(/^HTTP\/1\.1 \d+/gm)].length >= answers) break;
    }
    return [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
  };

  for (const [name, [request, statuses, accepted]] of Object.entries(REQUESTS))
    test(name, async () => {
      const known = app.accepted.length;
      assert.deepEqual(await send(request, statuses.length), statuses);
      // What was refused may be kept for the page Deliveries, without a run and without its body.
      const kept = app.accepted.slice(known);
      assert.equal(kept.filter(({ run }) => run !== null).length, accepted);
      assert.ok(kept.every(({ run, delivery }) => run !== null || delivery.body.length === 0));
    });
});
