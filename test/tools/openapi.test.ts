import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import type { JsonObject } from "../../src/base/json.ts";
import { Secret } from "../../src/base/secret.ts";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { message, verbatim } from "../../src/messages/message.ts";
import type { OpenApiService } from "../../src/tools/openapi.ts";
import { startServer } from "./mcp-server.ts";
import { answerOf, failureOf, NO_PORTS, requestOf, runnerWith } from "./tool-setup.ts";

const http = createGuardedHttpClient({ allow: ["127.0.0.1"] });
const KEY = "key-of-the-service-1";

const DOCUMENT = `
openapi: 3.0.0
info: { title: adder, version: "1" }
servers: [{ url: /v1 }]
paths:
  /items/{id}/sum:
    parameters: [{ $ref: "#/components/parameters/id" }]
    post:
      operationId: addNumbers
      summary: Adds two numbers
      parameters:
        - { name: lang, in: query, schema: { type: string, default: en } }
        - { name: tags, in: query, schema: { type: array, items: { type: string } } }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: Authorization, in: header, schema: { type: string } }
      requestBody:
        content:
          application/json: { schema: { $ref: "#/components/schemas/Sum" } }
  /form:
    post:
      operationId: sendForm
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, properties: { a: { type: string }, b: { type: integer } } }
  /upload:
    post:
      operationId: upload
      requestBody:
        content:
          multipart/form-data:
            schema: { type: object, properties: { note: { type: string }, file: { type: string, format: binary } } }
  /generate-audio:
    post: { description: Makes a sound }
  /refuse: { get: { operationId: refuse } }
  /text: { get: { operationId: plain } }
  /empty: { get: { operationId: empty } }
  /silent: { get: { operationId: silent } }
components:
  parameters:
    id: { name: id, in: path, required: true, schema: { type: string } }
  schemas:
    Sum:
      type: object
      required: [a]
      properties: { a: { type: number }, b: { type: integer, default: 2 }, exact: { type: boolean } }
`;

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await text(request);
      const { pathname } = new URL(request.url ?? "", "http://127.0.0.1");
      const send = (status: number, type: string, content: string): void => {
        response.writeHead(status, { "content-type": type }).end(content);
      };
      if (pathname === "/openapi.yml") send(200, "application/yaml", DOCUMENT);
      else if (pathname === "/v1/refuse") send(403, "text/plain", `no, not with ${KEY}`);
      else if (pathname === "/v1/text") send(200, "text/plain", '{"n": 1}');
      else if (pathname === "/v1/empty") send(200, "text/plain", "");
      else if (pathname !== "/v1/silent") {
        const { authorization, "x-trace": trace, "content-type": type } = request.headers;
        const seen = { method: request.method, url: request.url, authorization, trace, type, body };
        send(200, "application/json", JSON.stringify(seen));
      }
    };
    void answer();
  });
});
after(async () => {
  await server[Symbol.asyncDispose]();
});

const service = (more: Partial<OpenApiService> = {}): OpenApiService => ({
  name: "adder",
  document: { kind: "url", url: `${server.url}/openapi.yml` },
  baseUrl: null,
  headers: { Authorization: new Secret(KEY) },
  timeoutMs: 20_000,
  ...more,
});

const toolsOf = (given: OpenApiService = service()) =>
  runnerWith(
    {
      openApiServices: [given],
      targets: Object.fromEntries(
        [
          "addNumbers",
          "sendForm",
          "upload",
          "generate-audio_post",
          "refuse",
          "plain",
          "empty",
          "silent",
          "other",
        ].map((operation) => [`uuid/${operation}`, { kind: "openapi", service: "adder", operation }]),
      ),
    },
    { ...NO_PORTS, http },
  );

const call = (operation: string, parameters: JsonObject = {}) =>
  requestOf(`uuid/${operation}`, parameters, { providerType: "api" });

const Seen = z.object({
  method: z.string(),
  url: z.string(),
  authorization: z.string(),
  trace: z.string().optional(),
  type: z.string().optional(),
  body: z.string(),
});

const sent = async (operation: string, parameters: JsonObject = {}) => {
  const { text: body, json } = answerOf(await toolsOf().invoke(call(operation, parameters)));
  const seen = Seen.parse(JSON.parse(body));
  assert.deepEqual(json, [JSON.parse(body)]);
  return seen;
};

describe("an operation of an OpenAPI document", () => {
  it("sends each parameter where the document has it, of the type that it has", async () => {
    const seen = await sent("addNumbers", {
      id: "a/b",
      a: "1.5",
      tags: ["x", "y"],
      "X-Trace": "t",
      exact: "true",
    });
    assert.deepEqual(seen, {
      method: "POST",
      url: "/v1/items/a%2Fb/sum?lang=en&tags=x&tags=y",
      authorization: "[secret]",
      trace: "t",
      type: "application/json",
      body: '{"a": 1.5, "b": 2, "exact": true}',
    });
  });

  it("does not let a parameter take the place of the service's own headers, nor leave its path", async () => {
    const seen = await sent("addNumbers", { id: "1", a: 1, Authorization: "mine" });
    assert.equal(seen.authorization, "[secret]");
    for (const parameters of [
      { id: "..", a: 1 },
      { id: "1", a: 1, "X-Trace": "t\r\nHost: elsewhere" },
    ]) {
      const { why } = failureOf(await toolsOf().invoke(call("addNumbers", parameters)));
      assert.equal(typeof why === "string" ? why : why.code, "tool.parameter-refused");
    }
  });

  it("sends forms and files", async () => {
    assert.deepEqual((({ type, body }) => ({ type, body }))(await sent("sendForm", { a: "ä b", b: "3" })), {
      type: "application/x-www-form-urlencoded",
      body: "a=%C3%A4+b&b=3",
    });
    const file = { filename: "n.txt", mime_type: "text/plain", url: "data:text/plain;base64,aGk=" };
    const { type, body } = await sent("upload", { note: "see", file });
    const boundary = type?.split("boundary=")[1];
    assert.deepEqual(body.split("\r\n"), [
      `--${boundary}`,
      'Content-Disposition: form-data; name="note"',
      "",
      "see",
      `--${boundary}`,
      'Content-Disposition: form-data; name="file"; filename="n.txt"',
      "Content-Type: text/plain",
      "",
      "hi",
      `--${boundary}--`,
      "",
    ]);
  });

  it("is found by path and method where it has no name", async () => {
    assert.equal((await sent("generate-audio_post")).url, "/v1/generate-audio");
  });

  it("reads answers as Dify does: JSON by its type, 400 and above as a failure in the server's words", async () => {
    const plain = answerOf(await toolsOf().invoke(call("plain")));
    assert.deepEqual([plain.text, plain.json], ['{"n": 1}', [{ data: [] }]]);
    assert.equal(
      answerOf(await toolsOf().invoke(call("empty"))).text,
      "Empty response from the tool, please check your parameters and try again.",
    );
    assert.deepEqual(failureOf(await toolsOf().invoke(call("refuse"))), {
      type: "ToolRuntimeInvocationError",
      why: message("tool.refused", { status: 403, problem: verbatim("no, not with [secret]") }),
    });
  });

  it("fails where a parameter is missing, the document has no such operation or nobody answers", async () => {
    const why = async (operation: string, parameters: JsonObject = {}, given = service()) =>
      failureOf(await toolsOf(given).invoke(call(operation, parameters))).why;
    assert.equal(await why("addNumbers", { id: "1" }), "Missing required parameter a");
    const known = [
      "addNumbers",
      "sendForm",
      "upload",
      "generate-audio_post",
      "refuse",
      "plain",
      "empty",
      "silent",
    ];
    assert.deepEqual(await why("other"), message("tool.unknown", { tool: "other", server: "adder", known }));
    assert.deepEqual(
      await why("silent", {}, service({ timeoutMs: 200 })),
      message("tool.no-answer", { server: "adder", seconds: 0.2 }),
    );
  });

  it("is read from a file, too, and needs to know where its service is", async () => {
    const path = join(tmpdir(), `openapi-${process.pid}.yml`);
    await writeFile(path, DOCUMENT);
    const fromFile = service({ document: { kind: "file", path } });
    const { why } = failureOf(await toolsOf(fromFile).invoke(call("plain")));
    assert.deepEqual(why, message("tool.no-address", { service: "adder", setting: "base_url" }));
    const tools = toolsOf({ ...fromFile, baseUrl: `${server.url}/v1` });
    assert.equal(answerOf(await tools.invoke(call("plain"))).text, '{"n": 1}');
    const described = await tools.describe(call("addNumbers"));
    assert.deepEqual(
      described.ok ? [described.value.description, described.value.parameters["required"]] : described,
      ["Adds two numbers", ["id", "a"]],
    );
  });
});
