import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import type { JsonObject } from "../../../../src/base/json.ts";
import { httpRequestKind } from "../../../../src/flow/nodes/http-request/http-request.ts";
import { isFileResponse } from "../../../../src/flow/nodes/http-request/response.ts";
import { failureOf, httpAnswering, outputsOf, runNode } from "../llm/bench.ts";

const node = (more: JsonObject = {}): JsonObject => ({
  type: "http-request",
  method: "get",
  url: "https://api.example/dir/a.bin?token=hidden",
  headers: "",
  params: "",
  authorization: { type: "no-auth" },
  ...more,
});
const run = async (answer: Parameters<typeof httpAnswering>[0], more: JsonObject = {}) =>
  runNode(httpRequestKind, node(more), { ports: { http: httpAnswering(answer).http } });

describe("http-request: what comes of answers", () => {
  it("gives status, body and joined headers", async () => {
    const outputs = outputsOf(
      await run({
        status: 201,
        text: "täxt",
        headers: [
          ["Content-Type", "text/plain"],
          ["Set-Cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      }),
    );
    assert.deepEqual(outputs, {
      status_code: 201,
      body: "täxt",
      headers: { "content-type": "text/plain", "set-cookie": "a=1, b=2" },
      files: [],
    });
  });

  it("decodes the charset that is stated", async () => {
    const outputs = outputsOf(
      await run({
        body: Uint8Array.of(0x93, 0xfa, 0x96, 0x7b),
        headers: [["content-type", "text/html; charset=Shift_JIS"]],
      }),
    );
    assert.equal(outputs["body"], "日本");
  });

  it("describes a file, carries a short one along and leaves the body empty", async () => {
    const headers = [
      ["content-type", "image/png"],
      ["content-disposition", "attachment; filename*=UTF-8''%E5%9B%B3.png"],
    ] as const;
    const outputs = outputsOf(await run({ body: Uint8Array.of(1, 2), headers }));
    assert.equal(outputs["body"], "");
    assert.deepEqual(outputs["files"], [
      {
        dify_model_identity: "__dify__file__",
        id: null,
        type: "image",
        transfer_method: "remote_url",
        remote_url: "data:image/png;base64,AQI=",
        related_id: null,
        filename: "図.png",
        extension: ".png",
        mime_type: "image/png",
        size: 2,
        url: "data:image/png;base64,AQI=",
      },
    ]);
  });

  it("takes a file's type from the name that the answer gives it", async () => {
    const typeOf = async (...headers: readonly (readonly [string, string])[]) => {
      const { files } = outputsOf(await run({ body: Uint8Array.of(1), headers }));
      return z.array(z.object({ mime_type: z.string() })).parse(files)[0]?.mime_type;
    };
    const attached = ["content-disposition", 'attachment; filename="a.PDF"'] as const;
    assert.equal(await typeOf(attached, ["content-type", "text/plain"]), "application/pdf");
    const unknown = ["content-disposition", "attachment; filename=a.qqq"] as const;
    assert.equal(await typeOf(unknown, ["content-type", "text/plain"]), "text/plain");
    assert.equal(await typeOf(unknown), "application/octet-stream");
  });

  it("only describes a long file", async () => {
    const { outcome } = await run({
      body: new Uint8Array(2_000_000),
      headers: [["content-type", "application/zip"]],
    });
    const text = JSON.stringify(outcome);
    assert.ok(text.length < 1000);
    assert.match(text, /"size":2000000/);
    assert.doesNotMatch(text, /hidden/);
  });

  it("fails on a text over 1 MB and takes a file of that size", async () => {
    const body = Buffer.alloc(1024 * 1024 + 1, "x");
    assert.equal(
      failureOf(await run({ body, headers: [["content-type", "text/plain"]] })),
      "ResponseSizeError: flow.http.response-too-large file=false most=1.00 size=1.00 MB",
    );
    outputsOf(await run({ body, headers: [["content-type", "application/pdf"]] }));
  });

  it("counts 4xx as a success unless there is an error strategy or a retry", async () => {
    assert.equal(outputsOf(await run({ status: 404 }))["status_code"], 404);
    for (const more of [{ error_strategy: "fail-branch" }, { retry_config: { retry_enabled: true } }]) {
      const ran = await run({ status: 404, text: "gone" }, more);
      assert.equal(failureOf(ran), "HTTPResponseCodeError: flow.http.status status=404");
      assert.equal(!ran.outcome.ok && ran.outcome.outputs?.["body"], "gone");
    }
    assert.equal(
      outputsOf(await run({ status: 404 }, { retry_config: { retry_enabled: false } }))["status_code"],
      404,
    );
  });

  it("always fails on 429, 500, 502, 503 and 504, without showing the URL's query", async () => {
    for (const status of [429, 500, 502, 503, 504]) {
      assert.equal(
        failureOf(await run({ status })),
        `HttpRequestNodeError: flow.http.retries-used origin=https://api.example status=${status}`,
      );
    }
    assert.equal(outputsOf(await run({ status: 501 }))["status_code"], 501);
  });

  it("passes failures of the client on", async () => {
    const http = {
      send: async () => ({
        ok: false as const,
        errorType: "EgressRefusedError",
        message: "no",
        retryable: false,
      }),
    };
    assert.equal(
      failureOf(await runNode(httpRequestKind, node(), { ports: { http } })),
      "EgressRefusedError: no",
    );
  });
});

describe("isFileResponse", () => {
  const CASES: readonly (readonly [boolean, Readonly<Record<string, string>>, string])[] = [
    [false, {}, "anything"],
    [false, { "content-type": "text/html" }, ""],
    [false, { "content-type": "text/csv" }, "a,b"],
    [true, { "content-type": "text/csv", "content-disposition": "attachment" }, "a,b"],
    [true, { "content-type": "text/plain", "content-disposition": 'inline; filename="a.txt"' }, "a"],
    [false, { "content-type": "text/plain", "content-disposition": "inline" }, "a"],
    [false, { "content-type": "application/json; charset=utf-8" }, "1"],
    [false, { "content-type": "application/vnd.api+json" }, "1"],
    [false, { "content-type": "application/octet-stream" }, '{"a": 1}'],
    [true, { "content-type": "application/octet-stream" }, "plain words"],
    [true, { "content-type": "application/pdf" }, "%PDF"],
    [true, { "content-type": "image/svg+xml" }, "<svg/>"],
    [true, { "content-type": "audio/ogg" }, ""],
    [false, { "content-type": "multipart/mixed" }, ""],
  ];
  for (const [isFile, headers, body] of CASES) {
    it(`${isFile ? "file" : "text"}: ${JSON.stringify(headers)} ${body}`, () => {
      assert.equal(isFileResponse(headers, Buffer.from(body)), isFile);
    });
  }
});
