import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { z } from "zod";
import { JsonObject } from "../../src/base/json.ts";
import { startMcpServer } from "./mcp-server.ts";

const CHILD = fileURLToPath(new URL("loaded-child.ts", import.meta.url));
const Printed = z.object({ outputs: JsonObject, loaded: z.array(z.string()) });

/** Runs a flow of one node in a process of its own: what it gives, and which rooms and packages of tools it loads. */
const run = async (node: JsonObject, settings: JsonObject = {}) => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-loaded-"));
  try {
    const data = {
      start: { type: "start", variables: [] },
      node,
      end: { type: "end", outputs: [{ variable: "text", value_selector: ["node", "text"] }] },
    };
    const graph = {
      nodes: Object.entries(data).map(([id, one]) => ({ id, type: "custom", data: { title: id, ...one } })),
      edges: [
        ["start", "node"],
        ["node", "end"],
      ].map(([source, target]) => ({ id: source, source, target, sourceHandle: "source" })),
    };
    const flow = {
      version: "0.6.0",
      kind: "app",
      app: { name: "one", mode: "workflow" },
      workflow: { graph },
    };
    await writeFile(join(folder, "flow.yml"), stringify(flow));
    const config = { flows: [{ name: "one", contract: "note", file: "flow.yml" }], ...settings };
    await writeFile(join(folder, "reviewflow.yml"), stringify(config));
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, join(folder, "reviewflow.yml")], {
      maxBuffer: 16 * 1024 * 1024,
    });
    const { outputs, loaded } = Printed.parse(JSON.parse(stdout));
    assert.ok(loaded.some((url) => url.endsWith("/src/flow/engine/run-flow.ts")));
    const files = loaded.flatMap((url) => /\/src\/tools\/(.+)\.ts$/.exec(url)?.[1] ?? []);
    const hasSdk = loaded.some((url) => url.includes("/@modelcontextprotocol/"));
    return { outputs, files: files.toSorted(), hasSdk };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const tool = (type: string, provider: string, name: string): JsonObject => ({
  type: "tool",
  provider_type: type,
  provider_id: provider,
  tool_name: name,
  tool_node_version: "2",
  tool_configurations: { format: { type: "constant", value: "at no time" } },
});

const RUNNER = ["cast-parameters", "tool", "tool-runner"];

describe("what runs tools", () => {
  it("is not loaded by a flow without tools", async () => {
    const template = { type: "template-transform", template: "{{ 3 + 4 }}", variables: [] };
    assert.deepEqual(await run(template), { outputs: { text: null }, files: [], hasSdk: false });
  });

  it("is loaded as far as its tools need it", async () => {
    assert.deepEqual(await run(tool("builtin", "time", "current_time")), {
      outputs: { text: "at no time" },
      files: ["builtin/strftime", "builtin/time", ...RUNNER],
      hasSdk: false,
    });
    await using server = await startMcpServer({
      tools: [{ name: "greet", inputSchema: { type: "object" } }],
      call: () => ({ content: [{ type: "text", text: "hello" }] }),
    });
    const settings = { mcp_servers: { greeter: { url: server.url } }, egress: { allow: ["127.0.0.1"] } };
    assert.deepEqual(await run(tool("mcp", "greeter", "greet"), settings), {
      outputs: { text: "hello" },
      files: ["cast-parameters", "mcp", "tool", "tool-runner"],
      hasSdk: true,
    });
  });
});
