import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryJournal } from "../../../../src/base/journal.ts";
import type { JsonObject } from "../../../../src/base/json.ts";
import { httpRequestKind } from "../../../../src/flow/nodes/http-request/http-request.ts";
import type { HttpRequest } from "../../../../src/flow/ports.ts";
import { failureOf, httpAnswering, loadNode, outputsOf, poolOf, runNode } from "../llm/bench.ts";

const POOL = poolOf({
  "start.host": "api.example",
  "start.id": 7,
  "start.text": 'say "hi"\nnow',
  "start.headers": "X-A: 1\nX-B: 2",
  "start.line": "a line\n",
  "start.blank": "",
  "env.key": "s3cret",
});

const node = (more: JsonObject = {}): JsonObject => ({
  type: "http-request",
  method: "get",
  url: "https://{{#start.host#}}/items/{{#start.id#}}",
  headers: "",
  params: "",
  authorization: { type: "no-auth", config: null },
  body: { type: "none", data: [] },
  ...more,
});

const sentBy = async (more: JsonObject): Promise<HttpRequest> => {
  const { requests, http } = httpAnswering();
  outputsOf(await runNode(httpRequestKind, node(more), { pool: POOL, ports: { http } }));
  const [request] = requests;
  assert.ok(request);
  return request;
};
const header = (request: HttpRequest, name: string): string | undefined =>
  request.headers.find(([key]) => key.toLowerCase() === name)?.[1];
const bodyText = (request: HttpRequest): string => Buffer.from(request.body ?? []).toString("utf8");
const failed = async (more: JsonObject): Promise<string> =>
  failureOf(await runNode(httpRequestKind, node(more), { pool: POOL, ports: httpAnswering() }));

describe("http-request: what is sent", () => {
  it("fills the URL, sends parameters in the place of its query and takes the method in any case", async () => {
    const request = await sentBy({
      method: "DELETE",
      url: "https://{{#start.host#}}/?a=1&b=2",
      params: "b: {{#start.text#}}\n\nc:{{#start.id#}}\nd",
    });
    assert.equal(request.method, "DELETE");
    assert.equal(request.url, "https://api.example/?b=say+%22hi%22%0Anow&c=7&d=");
  });

  it("says of what changes something whether it may have been sent before, and of nothing else", async () => {
    const journal = createMemoryJournal();
    const { requests, http } = httpAnswering();
    for (const method of ["get", "post", "get", "post"])
      outputsOf(await runNode(httpRequestKind, node({ method }), { pool: POOL, ports: { http }, journal }));
    assert.deepEqual(
      requests.map(({ method, mayBeSent = false }) => [method, mayBeSent]),
      [
        ["GET", false],
        ["POST", false],
        ["GET", false],
        ["POST", true],
      ],
    );
  });

  it("refuses URLs as Dify does", async () => {
    assert.equal(await failed({ url: "{{#start.gone#}}x" }), "InvalidURLError: flow.http.url-scheme");
    assert.equal(await failed({ url: "" }), "InvalidURLError: flow.http.url-missing");
  });

  it("refuses URLs that would mean another address here than to Dify's client, or to a server", async () => {
    for (const url of [
      "https://h/e\n",
      "https://h/a\tb",
      "https:///h/e",
      "https://h/a\\b",
      "https://h\\@other/",
    ])
      assert.match(await failed({ url }), /^InvalidURLError: /, JSON.stringify(url));
    assert.equal((await sentBy({ url: "https://h/e?q=a\\b  " })).url, "https://h/e?q=a\\b%20%20");
    assert.equal(
      await failed({ method: "options" }),
      "InvalidHttpMethodError: flow.http.method method=options",
    );
    const { warnings } = loadNode(httpRequestKind, node({ method: "OPTIONS" })).declaration;
    assert.deepEqual(
      warnings.map(({ field }) => field),
      ["method"],
    );
  });

  it("reads headers line by line; a value cannot add headers, a bare reference may bring several", async () => {
    assert.equal(
      await failed({ headers: "X-Text: {{#start.text#}}" }),
      "RequestHeadersError: flow.http.header-line-break header=X-Text",
    );
    const request = await sentBy({
      headers: "X-Text: {{#start.line#}}\nX-Empty\n{{#start.headers#}}\nX-Url: http://a:1",
    });
    assert.deepEqual(request.headers, [
      ["X-Text", "a line"],
      ["X-Empty", ""],
      ["X-A", "1"],
      ["X-B", "2"],
      ["X-Url", "http://a:1"],
    ]);
  });

  const authorization = (type: string, api_key: string, more: JsonObject = {}): JsonObject => ({
    authorization: { type: "api-key", config: { type, api_key, ...more } },
  });
  it("authorizes by bearer, basic and custom headers", async () => {
    assert.equal(
      header(await sentBy(authorization("bearer", "{{#env.key#}}")), "authorization"),
      "Bearer s3cret",
    );
    assert.equal(
      header(await sentBy(authorization("basic", "me:{{#env.key#}}")), "authorization"),
      "Basic bWU6czNjcmV0",
    );
    assert.equal(header(await sentBy(authorization("basic", "bWU6eA==")), "authorization"), "Basic bWU6eA==");
    const custom = await sentBy({
      ...authorization("custom", "{{#env.key#}}", { header: "PRIVATE-TOKEN" }),
      headers: "private-token: old",
    });
    assert.deepEqual(custom.headers, [["PRIVATE-TOKEN", "s3cret"]]);
  });

  it("fails on a key that came out empty and warns of one that is empty in the file", async () => {
    assert.equal(
      await failed(authorization("bearer", "{{#start.blank#}}")),
      "AuthorizationConfigError: flow.http.key-missing",
    );
    const { warnings } = loadNode(httpRequestKind, node(authorization("bearer", ""))).declaration;
    assert.deepEqual(
      warnings.map(({ field }) => field),
      ["authorization.config.api_key"],
    );
  });

  it("fails on a header beyond ASCII, as Dify's client does", async () => {
    assert.equal(
      await failed({ headers: "X-Name: Grüße" }),
      "WorkflowNodeError: flow.http.header-not-ascii header=X-Name",
    );
  });

  const body = (type: string, data: JsonObject["x"] | readonly JsonObject[] | string): JsonObject => ({
    method: "post",
    body: { type, data: data ?? null },
  });
  it("sends JSON as Dify writes it anew, with every digit, repaired where it is damaged", async () => {
    const exact = await sentBy(body("json", [{ type: "text", value: '{"id": 12345678901234567890}' }]));
    assert.equal(bodyText(exact), '{"id":12345678901234567890}');
    const floats = await sentBy(
      body("json", [{ type: "text", value: ' {"a" : 1.0, "b": 1e3, "a": "\\u6d41"} ' }]),
    );
    assert.equal(bodyText(floats), '{"a":"流","b":1000.0}');
    assert.equal(header(exact, "content-type"), "application/json");
    const repaired = await sentBy(body("json", '{"text": "{{#start.host#}}", "n": {{#start.id#}},}'));
    assert.deepEqual(JSON.parse(bodyText(repaired)), { text: "api.example", n: 7 });
    const quoted = await sentBy(body("json", '{"text": "{{#start.text#}}", "re": "\\d+"}'));
    assert.equal(bodyText(quoted), '{"text":"say \\"hi\\"\\nnow","re":"\\\\d+"}');
    const none = await sentBy(body("json", "null"));
    assert.equal(none.body, null);
  });

  it("sends no JSON that has none, that Python refuses, or that is too damaged to be sure of", async () => {
    const problems = [
      ["", "RequestBodyError: flow.http.body-not-json text="],
      ["hello", "RequestBodyError: flow.http.body-not-json text=hello"],
      ['{"a": NaN}', "RequestBodyError: flow.http.body-not-finite value=nan"],
    ] as const;
    for (const [value, message] of problems) {
      assert.equal(await failed(body("json", [{ type: "text", value }])), message);
    }
    const doubtful = '{"body": "a,"b, c",d\n1,"2",3"}';
    assert.match(await failed(body("json", [{ type: "text", value: doubtful }])), /flow\.http\.body-damaged/);
    const half = '{"a": "\\ud800"}';
    assert.match(await failed(body("json", [{ type: "text", value: half }])), /flow\.http\.body-surrogate/);
  });

  it("sends raw text in both forms of the file, with the content type that the flow sets", async () => {
    const old = await sentBy({ ...body("raw-text", "text {{#start.id#}}"), headers: "content-type: text/x" });
    assert.equal(bodyText(old), "text 7");
    assert.equal(header(old, "content-type"), "text/x");
    const newer = await sentBy(body("raw-text", [{ key: "", type: "text", value: "{{#start.text#}}" }]));
    assert.equal(bodyText(newer), 'say "hi"\nnow');
    assert.equal(header(newer, "content-type"), "text/plain");
  });

  it("encodes as Python does, which leaves ~ and writes * out", async () => {
    const text = "~!*'()-_. +/流";
    const encoded = "~%21%2A%27%28%29-_.+%2B%2F%E6%B5%81";
    const form = await sentBy(body("x-www-form-urlencoded", [{ key: "a", type: "text", value: text }]));
    assert.equal(bodyText(form), `a=${encoded}`);
    const { url } = await sentBy({ url: "https://api.example/e?z=1", params: `a: ${text}` });
    assert.equal(url, `https://api.example/e?a=${encoded}`);
  });

  it("takes a length that the flow states only where it is the body's", async () => {
    const raw = body("raw-text", "four");
    assert.equal(
      await failed({ ...raw, headers: "Content-Length: 3" }),
      "HttpRequestNodeError: flow.http.content-length excess=true stated=3 length=4",
    );
    assert.match(await failed({ headers: "Content-Length: 3" }), /flow\.http\.content-length excess=false/);
    assert.equal(bodyText(await sentBy({ ...raw, headers: "Content-Length: 4" })), "four");
  });

  it("encodes forms; an old one of one text is a field without a name, with a warning", async () => {
    const items = [
      { key: "a", type: "text", value: "{{#start.text#}}" },
      { key: "{{#start.host#}}", type: "text", value: "1" },
    ];
    const request = await sentBy(body("x-www-form-urlencoded", items));
    assert.equal(bodyText(request), "a=say+%22hi%22%0Anow&api.example=1");
    assert.equal(header(request, "content-type"), "application/x-www-form-urlencoded");
    const old = body("x-www-form-urlencoded", "a:1\nb:2");
    assert.equal(bodyText(await sentBy(old)), "=a%3A1%0Ab%3A2");
    assert.deepEqual(
      loadNode(httpRequestKind, node(old)).declaration.warnings.map(({ field }) => field),
      ["body.data"],
    );
  });

  it("sends multipart forms with texts and files", async () => {
    const pool = poolOf({
      "start.host": "api.example",
      "start.id": 7,
      "start.file": {
        dify_model_identity: "__dify__file__",
        remote_url: "data:text/plain;base64,aGVsbG8=",
        filename: "a.txt",
        mime_type: "text/plain",
      },
    });
    const { requests, http } = httpAnswering();
    const data = body("form-data", [
      { key: "field", type: "text", value: "{{#start.id#}}" },
      { key: "upload", type: "file", file: ["start", "file"] },
    ]);
    outputsOf(
      await runNode(httpRequestKind, node({ ...data, headers: "Content-Type: wrong" }), {
        pool,
        ports: { http },
      }),
    );
    const [request] = requests;
    assert.ok(request);
    const form = await new Response(Buffer.from(request.body ?? []), {
      headers: { "content-type": header(request, "content-type") ?? "" },
    }).formData();
    assert.equal(form.get("field"), "7");
    const upload = form.get("upload");
    assert.ok(upload instanceof File);
    assert.equal(upload.name, "a.txt");
    assert.equal(await upload.text(), "hello");
  });

  it("writes multipart forms as Dify's client does", async () => {
    const request = await sentBy(
      body("form-data", [{ key: 'a"\n', type: "text", value: "{{#start.text#}}" }]),
    );
    const [, boundary = ""] =
      /^multipart\/form-data; boundary=(\w+)$/.exec(header(request, "content-type") ?? "") ?? [];
    const parts = [
      `Content-Disposition: form-data; name="a%22%0A"\r\n\r\nsay "hi"\nnow\r\n`,
      'Content-Disposition: form-data; name="__multipart_placeholder__"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n',
    ];
    assert.equal(
      bodyText(request),
      `${parts.map((part) => `--${boundary}\r\n${part}`).join("")}--${boundary}--\r\n`,
    );
  });

  it("sends a file's bytes as binary body and fails without a file", async () => {
    const pool = poolOf({
      "start.host": "h",
      "start.id": 1,
      "start.file": { dify_model_identity: "__dify__file__", remote_url: "data:application/x;base64,AAE=" },
    });
    const { requests, http } = httpAnswering();
    const data = body("binary", [{ key: "", type: "file", value: "", file: ["start", "file"] }]);
    outputsOf(await runNode(httpRequestKind, node(data), { pool, ports: { http } }));
    assert.deepEqual([...(requests[0]?.body ?? [])], [0, 1]);
    assert.equal(await failed(data), "FileFetchError: flow.http.file-missing selector=['start', 'file']");
  });

  it("warns of bodies that need exactly one item and have another number", () => {
    for (const type of ["json", "raw-text", "binary"]) {
      const { warnings } = loadNode(httpRequestKind, node(body(type, []))).declaration;
      assert.deepEqual(
        warnings.map(({ field }) => field),
        ["body.data"],
        type,
      );
    }
  });

  it("has Dify's timeouts as defaults and as limits", async () => {
    const times = ({ connectTimeoutMs, readTimeoutMs, writeTimeoutMs }: HttpRequest): readonly number[] => [
      connectTimeoutMs,
      readTimeoutMs,
      writeTimeoutMs,
    ];
    assert.deepEqual(times(await sentBy({})), [10_000, 600_000, 600_000]);
    assert.deepEqual(
      times(await sentBy({ timeout: { connect: 3, read: 5, write: null } })),
      [3000, 5000, 600_000],
    );
    const over = { timeout: { connect: 60, read: 5000, write: 1 } };
    assert.deepEqual(times(await sentBy(over)), [10_000, 600_000, 1000]);
    assert.equal(loadNode(httpRequestKind, node(over)).declaration.warnings.length, 2);
  });

  it("verifies certificates unless the node switches it off", async () => {
    assert.equal((await sentBy({})).verifyTls, true);
    assert.equal((await sentBy({ ssl_verify: false })).verifyTls, false);
  });
});
