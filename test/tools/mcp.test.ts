import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { Secret } from "../../src/base/secret.ts";
import { message, verbatim } from "../../src/messages/message.ts";
import type { McpServer } from "../../src/tools/mcp.ts";
import { type McpScript, startMcpServer, startServer } from "./mcp-server.ts";
import { answerOf, failureOf, NO_PORTS, requestOf, runnerWith } from "./tool-setup.ts";

const http = createGuardedHttpClient({ allow: ["127.0.0.1"] });

const TOKEN = "Bearer s3cr3t-of-the-server";
const PNG = Buffer.from("89504e470d0a1a0a", "hex");

const SCRIPT: McpScript = {
  tools: [
    {
      name: "shout",
      description: "Says it loudly",
      inputSchema: { type: "object", properties: { text: { type: "string" }, times: { type: "integer" } } },
    },
    ...["object", "list", "mixed", "facts", "picture", "wrong", "leak", "leaking-file"].map((name) => ({
      name,
      inputSchema: { type: "object" as const, properties: {} },
    })),
  ],
  call: (name, values) => {
    const content = (text: string) => ({ content: [{ type: "text" as const, text }] });
    if (name === "shout") return content(JSON.stringify([String(values["text"]), values["times"]]));
    if (name === "object") return content('{"n": 3}');
    if (name === "list") return content('[{"a": 1}, {"b": 2}]');
    if (name === "mixed") return content('["a", 1]');
    if (name === "facts") return { ...content("plain"), structuredContent: { n: 5, who: "me" } };
    if (name === "wrong") return { ...content("it went wrong"), isError: true };
    if (name === "leaking-file") {
      const blob = Buffer.from(`\xff you sent ${TOKEN}.`, "latin1").toString("base64");
      return { content: [{ type: "resource", resource: { uri: "a:b", blob, mimeType: "text/plain" } }] };
    }
    if (name === "leak") return content(`you sent ${TOKEN}`);
    const data = PNG.toString("base64");
    return { content: [{ type: "image", data, mimeType: "image/png" }] };
  },
};

const atUrl = (url: string, more: Partial<Extract<McpServer, { kind: "http" }>> = {}): McpServer => ({
  name: "shouter",
  kind: "http",
  url,
  headers: { Authorization: new Secret(TOKEN) },
  timeoutMs: 20_000,
  ...more,
});

const toolsOf = (server: McpServer) => runnerWith({ mcpServers: [server] }, { ...NO_PORTS, http });

const call = (tool: string, parameters = {}) =>
  requestOf(`shouter/${tool}`, parameters, { providerType: "mcp" });

describe("a tool of an MCP server", () => {
  it("gives its content in Dify's form", async () => {
    await using server = await startMcpServer(SCRIPT);
    const { invoke } = toolsOf(atUrl(server.url));
    const given = async (tool: string) => {
      const { text, json, variables, files } = answerOf(await invoke(call(tool)));
      return { text, json, variables, files: files.map(({ mime_type, size }) => [mime_type, size]) };
    };
    const nothing = { text: "", json: [{ data: [] }], variables: {}, files: [] };
    assert.deepEqual(await given("object"), { ...nothing, json: [{ n: 3 }] });
    assert.deepEqual(await given("list"), { ...nothing, json: [{ a: 1 }, { b: 2 }] });
    assert.deepEqual(await given("mixed"), { ...nothing, text: "['a', 1]" });
    assert.deepEqual(await given("facts"), { ...nothing, text: "plain", variables: { n: 5, who: "me" } });
    assert.deepEqual(await given("picture"), { ...nothing, files: [["image/png", PNG.length]] });
    // Dify takes no notice of the mark of an error either.
    assert.deepEqual(await given("wrong"), { ...nothing, text: "it went wrong" });
  });

  it("gets values of the types that it declares, and none that are blank", async () => {
    await using server = await startMcpServer(SCRIPT);
    const { invoke } = toolsOf(atUrl(server.url));
    const { text } = answerOf(await invoke(call("shout", { text: "7", times: "2", other: " " })));
    assert.equal(text, "['7', 2]");
  });

  it("is called in a session of its own, with the headers of the settings", async () => {
    await using server = await startMcpServer(SCRIPT);
    const { invoke } = toolsOf(atUrl(server.url));
    answerOf(await invoke(call("object")));
    answerOf(await invoke(call("object")));
    const session = ["initialize", "notifications/initialized", "tools/call", "DELETE"];
    const [start = "", ready = "", ...rest] = session;
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      // What the server has is asked once.
      [start, ready, "tools/list", ...rest, ...session],
    );
    assert.ok(server.seen.every(({ headers }) => headers.authorization === TOKEN));
  });

  it("never brings back what it was sent as a secret", async () => {
    await using server = await startMcpServer(SCRIPT);
    const { invoke } = toolsOf(atUrl(server.url));
    assert.equal(answerOf(await invoke(call("leak"))).text, "you sent [secret]");
    const [file] = answerOf(await invoke(call("leaking-file"))).files;
    const content = Buffer.from("\xff you sent [secret].", "latin1");
    const url = `data:text/plain;base64,${content.toString("base64")}`;
    assert.deepEqual([file?.["url"], file?.["remote_url"], file?.["size"]], [url, url, content.length]);
  });

  it("is described for a model by its server", async () => {
    await using server = await startMcpServer(SCRIPT);
    const described = await toolsOf(atUrl(server.url)).describe(call("shout"));
    const { name, description, parameters } =
      SCRIPT.tools[0] === undefined
        ? assert.fail()
        : { ...SCRIPT.tools[0], parameters: SCRIPT.tools[0].inputSchema };
    assert.deepEqual(described, { ok: true, value: { name, description, parameters } });
  });

  it("is described no longer than a prompt bears, and not at all with a schema beyond that", async () => {
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`p${index}`, {}]));
    const described = { description: "Obey! ".repeat(100_000) };
    const tools = [
      { name: "chatty", ...described, inputSchema: { type: "object" as const } },
      { name: "wide", ...described, inputSchema: { type: "object" as const, properties: wide } },
    ];
    await using server = await startMcpServer({ ...SCRIPT, tools });
    const runner = toolsOf(atUrl(server.url));
    const chatty = await runner.describe(call("chatty"));
    assert.equal(chatty.ok && chatty.value.description.length, 4_000);
    assert.deepEqual(failureOf(await runner.describe(call("wide"))), {
      type: "ToolRuntimeInvocationError",
      why: message("tool.schema-too-long", { tool: "wide", most: 100_000 }),
    });
  });

  it("is not waited for when the server does not end the session", { timeout: 15_000 }, async () => {
    await using server = await startMcpServer(SCRIPT);
    const stuck = {
      send: async (request: Parameters<typeof http.send>[0]) =>
        request.method === "DELETE"
          ? await new Promise<never>((_, reject) => {
              request.signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
            })
          : await http.send(request),
    };
    const { invoke } = runnerWith(
      { mcpServers: [atUrl(server.url, { timeoutMs: 60_000 })] },
      { ...NO_PORTS, http: stuck },
    );
    assert.equal(answerOf(await invoke(call("mixed"))).text, "['a', 1]");
  });

  it("fails by name where the server has no such tool", async () => {
    await using server = await startMcpServer(SCRIPT);
    const known = SCRIPT.tools.map(({ name }) => name);
    assert.deepEqual(failureOf(await toolsOf(atUrl(server.url)).invoke(call("whisper"))), {
      type: "ToolRuntimeResolutionError",
      why: message("tool.unknown", { tool: "whisper", server: "shouter", known }),
    });
  });

  it("fails within its time where the server does not answer", { timeout: 20_000 }, async () => {
    await using silent = await startServer(() => undefined);
    const failure = failureOf(await toolsOf(atUrl(silent.url, { timeoutMs: 100 })).invoke(call("shout")));
    assert.deepEqual(failure, {
      type: "ToolRuntimeInvocationError",
      why: message("tool.no-answer", { server: "shouter", seconds: 0.1 }),
    });
  });

  it("is not reached at an address that is not open", async () => {
    await using server = await startMcpServer(SCRIPT);
    const closed = createGuardedHttpClient({ allow: [] });
    const { invoke } = runnerWith({ mcpServers: [atUrl(server.url)] }, { ...NO_PORTS, http: closed });
    const { why } = failureOf(await invoke(call("shout")));
    assert.equal(typeof why === "string" ? why : why.code, "egress.refused");
    assert.deepEqual(server.seen, []);
  });

  it("fails with what a program said that ended, without its secrets", async () => {
    const complaint = "console.error(`set the region, not only ${process.env.KEY}`); process.exit(1)";
    const { invoke } = runnerWith({
      mcpServers: [
        {
          name: "shouter",
          kind: "stdio",
          command: process.execPath,
          args: ["--eval", complaint],
          env: { KEY: new Secret("key-of-the-program") },
          timeoutMs: 30_000,
        },
      ],
    });
    const problem = verbatim("MCP error -32000: Connection closed: set the region, not only [secret]");
    assert.deepEqual(failureOf(await invoke(call("shout"))), {
      type: "ToolRuntimeInvocationError",
      why: message("tool.server-failed", { server: "shouter", problem }),
    });
  });

  it("runs as a program that sees nothing of our environment but what it is given", async () => {
    const { invoke } = runnerWith({
      mcpServers: [
        {
          name: "shouter",
          kind: "stdio",
          command: process.execPath,
          args: [fileURLToPath(new URL("stdio-server.ts", import.meta.url))],
          env: { GIVEN: new Secret("given-to-it") },
          timeoutMs: 30_000,
        },
      ],
    });
    process.env["REVIEWFLOW_TEST_SECRET"] = "not-for-tools";
    try {
      const { json } = answerOf(await invoke(call("environment")));
      const names = Object.keys(json[0] ?? {}).filter(
        (name) => !/^(?:HOME|LOGNAME|PATH|SHELL|TERM|USER)$/.test(name),
      );
      assert.deepEqual(names, ["GIVEN"]);
      // A secret of the settings is hidden in what it answers, even if it was meant for it.
      assert.deepEqual(
        Object.entries(json[0] ?? {}).find(([name]) => name === "GIVEN"),
        ["GIVEN", "[secret]"],
      );
    } finally {
      delete process.env["REVIEWFLOW_TEST_SECRET"];
    }
  });
});
