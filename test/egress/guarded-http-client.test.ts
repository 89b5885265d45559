import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { message } from "../../src/messages/message.ts";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { answer, bodyOf, failure, send, serve, text } from "./loopback.ts";

const LOCAL = { allow: ["127.0.0.1"] } as const;

describe("createGuardedHttpClient", () => {
  it("sends method, headers and body, and gives status, headers and body back", async () => {
    const port = await serve((req, res) => {
      void bodyOf(req).then((body) =>
        res
          .writeHead(201, {
            "x-seen": `${req.method} ${String(req.headers["x-a"])} ${req.headers["content-length"]}`,
            "set-cookie": ["a=1", "b=2"],
          })
          .end(body),
      );
    });
    const response = await answer(LOCAL, `http://127.0.0.1:${port}/p?q=1`, {
      method: "put",
      headers: [
        ["X-A", "1"],
        ["Content-Length", "999"],
        ["Transfer-Encoding", "chunked"],
      ],
      body: Buffer.from("päckchen"),
    });
    assert.equal(response.status, 201);
    assert.equal(text(response), "päckchen");
    assert.equal(response.headers.find(([name]) => name === "x-seen")?.[1], "PUT 1 9");
    assert.equal(response.headers.filter(([name]) => name === "set-cookie").length, 2);
  });

  it("follows redirects, with the last URL in the answer, up to the limit", async () => {
    const port = await serve((req, res) => {
      const left = Number(new URL(req.url ?? "", "http://x").searchParams.get("left"));
      if (left > 0) res.writeHead(302, { location: `/?left=${left - 1}` }).end();
      else res.end("arrived");
    });
    const response = await answer({ ...LOCAL, maxRedirects: 3 }, `http://127.0.0.1:${port}/?left=3`);
    assert.equal(text(response), "arrived");
    assert.match(response.url, /left=0$/);
    const looped = await failure({ ...LOCAL, maxRedirects: 3 }, `http://127.0.0.1:${port}/?left=4`);
    assert.deepEqual([looped.host?.code, looped.host?.params["most"]], ["egress.redirects-over", 3]);
  });

  it("sends no secret to another origin", async () => {
    let seen: IncomingMessage["headers"] = {};
    const second = await serve((req, res) => {
      seen = req.headers;
      res.end();
    });
    const first = await serve((_req, res) => {
      res.writeHead(307, { location: `http://127.0.0.1:${second}/` }).end();
    });
    await answer(LOCAL, `http://user:pw@127.0.0.1:${first}/`, {
      headers: [
        ["Private-Token", "glpat"],
        ["Accept", "text/x"],
      ],
    });
    assert.equal(seen["private-token"], undefined);
    assert.equal(seen["authorization"], undefined);
    assert.equal(seen["accept"], "text/x");
  });

  it("unpacks gzip and stops a bomb before it grows", async () => {
    const port = await serve((req, res) => {
      const body = req.url === "/bomb" ? Buffer.alloc(50_000_000) : Buffer.from("packed");
      res.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body));
    });
    assert.equal(text(await answer(LOCAL, `http://127.0.0.1:${port}/`)), "packed");
    assert.equal((await failure(LOCAL, `http://127.0.0.1:${port}/bomb`)).errorType, "ResponseSizeError");
  });

  it("fails on a damaged or unknown coding", async () => {
    const port = await serve((req, res) => {
      res.writeHead(200, { "content-encoding": req.url === "/odd" ? "rot13" : "gzip" }).end("not gzip");
    });
    const problemAt = async (path: string) =>
      (await failure(LOCAL, `http://127.0.0.1:${port}${path}`)).host?.params["problem"];
    assert.deepEqual(await problemAt("/"), message("egress.coding-damaged", { coding: "gzip" }));
    assert.deepEqual(await problemAt("/odd"), message("egress.coding-unknown", { coding: "rot13" }));
  });

  it("gives the head of an answer to HEAD", async () => {
    const port = await serve((_req, res) => {
      res.writeHead(200, { "content-encoding": "gzip", "x-a": "1" }).end();
    });
    const response = await answer(LOCAL, `http://127.0.0.1:${port}/`, { method: "HEAD" });
    assert.equal(response.body.length, 0);
    assert.equal(response.headers.find(([name]) => name === "x-a")?.[1], "1");
  });

  it("stops reading an endless answer at the limit", async () => {
    const port = await serve((_req, res) => {
      const pump = setInterval(() => res.write(Buffer.alloc(10_000)), 1);
      res.on("close", () => clearInterval(pump));
    });
    const failed = await failure(LOCAL, `http://127.0.0.1:${port}/`);
    assert.equal(failed.errorType, "ResponseSizeError");
    assert.equal(failed.retryable, false);
  });

  it("fails retryably when the answer does not begin, stalls, or breaks off", async () => {
    const port = await serve((req, res) => {
      if (req.url === "/silent") return;
      res.writeHead(200, { "content-length": "10" });
      res.write("half");
      if (req.url === "/break") setTimeout(() => res.destroy(), 20);
    });
    for (const path of ["/silent", "/stall", "/break"]) {
      const failed = await failure(LOCAL, `http://127.0.0.1:${port}${path}`, { readTimeoutMs: 300 });
      assert.equal(failed.errorType, "HttpRequestNodeError", path);
      assert.equal(failed.retryable, true, `${path}: ${failed.message}`);
    }
  });

  it("fails retryably when the server takes no data in", async () => {
    const port = await serve((req) => {
      req.pause();
    });
    const failed = await failure(LOCAL, `http://127.0.0.1:${port}/`, {
      method: "POST",
      body: Buffer.alloc(30_000_000),
      writeTimeoutMs: 300,
    });
    assert.match(failed.message, /write timeout/);
    assert.equal(failed.retryable, true);
  });

  it("sends a long body whole to a server that reads", async () => {
    const port = await serve((req, res) => {
      void bodyOf(req).then((body) => res.end(String(body.length)));
    });
    const response = await answer(LOCAL, `http://127.0.0.1:${port}/`, {
      method: "POST",
      body: Buffer.alloc(1_000_000, "x"),
    });
    assert.equal(text(response), "1000000");
  });

  it("says what is wrong with a name or a closed port", async () => {
    const resolve = async (): Promise<readonly string[]> => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    };
    assert.match((await failure({ resolve }, "http://nowhere.example/")).message, /cannot be resolved/);
    const refused = await failure(LOCAL, "http://127.0.0.1:1/");
    assert.match(refused.message, /refused/);
    assert.equal(refused.retryable, true);
  });

  it("rejects with the signal's reason when it is aborted", async () => {
    const port = await serve(() => undefined);
    const controller = new AbortController();
    const sent = send(LOCAL, `http://127.0.0.1:${port}/`, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stopped by the user")), 50);
    await assert.rejects(sent, /stopped by the user/);
  });

  it("takes a header that would break the request as a failure", async () => {
    const port = await serve((_req, res) => res.end());
    const failed = await failure(LOCAL, `http://127.0.0.1:${port}/`, { headers: [["X-A", "1\r\nX-B: 2"]] });
    assert.equal(failed.errorType, "HttpRequestNodeError");
  });
});
