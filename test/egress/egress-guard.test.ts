import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { answer, failure, request, serve, text } from "./loopback.ts";

describe("createGuardedHttpClient: the guard", () => {
  it("refuses odd notations of loopback, naming the setting, and sends nothing", async () => {
    let hits = 0;
    const port = await serve((_req, res) => {
      hits += 1;
      res.end();
    });
    for (const host of [
      "127.0.0.1",
      "2130706433",
      "0x7f.1",
      "0177.0.0.1",
      "127.1",
      "[::ffff:127.0.0.1]",
      "[::1]",
      "localhost",
      "localhost.",
    ]) {
      const { errorType, message, retryable } = await failure({}, `http://${host}:${port}/?token=hidden`);
      assert.equal(errorType, "EgressRefusedError", `${host}: ${message}`);
      assert.match(message, /egress\.allow/);
      assert.doesNotMatch(message, /hidden/);
      assert.equal(retryable, false);
    }
    assert.equal(hits, 0);
  });

  it("reaches what is listed, by address, by name and by port", async () => {
    const port = await serve((_req, res) => res.end("hello"));
    assert.equal(text(await answer({ allow: ["127.0.0.0/8"] }, `http://127.0.0.1:${port}`)), "hello");
    assert.equal(text(await answer({ allow: [`127.0.0.1:${port}`] }, `http://127.0.0.1:${port}`)), "hello");
    const resolve = async (): Promise<readonly string[]> => ["127.0.0.1"];
    assert.equal(
      text(await answer({ allow: ["gitlab.corp"], resolve }, `http://gitlab.corp:${port}`)),
      "hello",
    );
    assert.equal(
      (await failure({ allow: ["127.0.0.1:1"] }, `http://127.0.0.1:${port}`)).errorType,
      "EgressRefusedError",
    );
  });

  it("connects the address that it judged: a second answer of the resolver changes nothing", async () => {
    let hits = 0;
    const port = await serve((_req, res) => {
      hits += 1;
      res.end();
    });
    let asked = 0;
    // The classical rebinding: public at the first look, loopback at the next.
    const rebinding = async (): Promise<readonly string[]> => {
      asked += 1;
      return asked === 1 ? ["192.0.2.1", "203.0.113.1"] : ["127.0.0.1"];
    };
    const client = createGuardedHttpClient({ allow: ["192.0.2.0/24"], resolve: rebinding });
    const first = await client.send(request(`http://rebind.example:${port}/`, { connectTimeoutMs: 300 }));
    assert.equal(first.ok, false);
    assert.equal(asked, 1);
    const second = await client.send(request(`http://rebind.example:${port}/`));
    assert.equal(!second.ok && second.errorType, "EgressRefusedError");
    assert.equal(hits, 0);
  });

  it("uses only the open ones among several addresses of a name", async () => {
    const port = await serve((_req, res) => res.end("open"));
    const resolve = async (): Promise<readonly string[]> => ["10.255.255.1", "127.0.0.1"];
    assert.equal(text(await answer({ allow: ["127.0.0.1"], resolve }, `http://two.example:${port}`)), "open");
  });

  it("judges every redirect anew", async () => {
    let hits = 0;
    const inner = await serve((_req, res) => {
      hits += 1;
      res.end("secret");
    });
    const outer = await serve((_req, res) => {
      res.writeHead(302, { location: `http://127.0.0.1:${inner}/` }).end();
    });
    const resolve = async (): Promise<readonly string[]> => ["127.0.0.1"];
    const refused = await failure({ allow: ["outer.example"], resolve }, `http://outer.example:${outer}`);
    assert.equal(refused.errorType, "EgressRefusedError");
    assert.equal(hits, 0);
  });

  it("a Host header of the flow does not open another destination", async () => {
    const port = await serve((_req, res) => res.end());
    const refused = await failure({ allow: ["gitlab.corp"] }, `http://127.0.0.1:${port}`, {
      headers: [["Host", "gitlab.corp"]],
    });
    assert.equal(refused.errorType, "EgressRefusedError");
  });

  it("speaks http and https only", async () => {
    for (const url of ["ftp://x/", "file:///etc/passwd", "data:,x", "not a url"]) {
      assert.equal((await failure({}, url)).errorType, "InvalidURLError");
    }
    assert.equal((await failure({}, "http://x/", { method: "CONNECT" })).errorType, "InvalidHttpMethodError");
  });
});
