import assert from "node:assert/strict";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { Hono } from "hono";
import { startServer } from "../../src/http/server.ts";
import { SECRET, setUp } from "./webhook-app.ts";

suite("the server", () => {
  const serve = () =>
    startServer({
      app: setUp().app,
      host: "127.0.0.1",
      port: 0,
      headersTimeoutMs: 300,
      requestTimeoutMs: 500,
    });

  test("answers over the network and stops in order", async () => {
    const server = await serve();
    const response = await fetch(`${server.url}/healthz`);
    assert.equal(response.status, 200);
    await response.text();
    await server.stop(1_000);
    await assert.rejects(fetch(`${server.url}/healthz`));
  });

  test("a server that stops keeps no connection open after an answer, however much a proxy has to ask", async () => {
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const app = new Hono().get("/slow", async (context) => {
      reached.resolve();
      await goOn.promise;
      return context.text("done");
    });
    const server = await startServer({ app, host: "127.0.0.1", port: 0 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const outgoing = get(`${server.url}/slow`, { agent });
    await reached.promise;
    const stopped = server.stop(60_000);
    goOn.resolve();
    const incoming = await new Promise<IncomingMessage>((resolve) => outgoing.once("response", resolve));
    assert.equal(incoming.headers.connection, "close");
    incoming.resume();
    await stopped;
    agent.destroy();
  });

  test("an address that is taken is named with the setting to change", async () => {
    const server = await serve();
    const port = Number(new URL(server.url).port);
    await assert.rejects(startServer({ app: setUp().app, host: "127.0.0.1", port }), /REVIEWFLOW_PORT/);
    await server.stop(0);
  });

  test("a slow sender is cut off and others are served meanwhile", async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    const slow = connect(Number(port), "127.0.0.1");
    slow.write("POST /webhooks/gitlab HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    slow.write(`x-gitlab-token: ${SECRET}\r\ncontent-length: 1000\r\n\r\n{`);
    const ended = new Promise<string>((resolve) => {
      let text = "";
      slow.on("data", (chunk) => (text += chunk.toString()));
      slow.on("close", () => resolve(text));
    });
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    assert.match(await ended, /^HTTP\/1\.1 408|^$/);
    await server.stop(0);
  });
});
