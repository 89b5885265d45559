import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { message } from "../../src/messages/message.ts";
import { problemAt } from "../../src/base/errors.ts";
import { plain } from "../messages/plain.ts";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

describe("configuration of tools", () => {
  it("names servers, services and where a flow's tools run; what goes along is secret", () => {
    const config = load(
      { ...ENOUGH, DIFY_URL: undefined, DIFY_API_KEY: undefined, MCP_TOKEN: "Bearer t-123456" },
      `
mcp_servers:
  search: { url: "https://mcp.example.com/mcp?v=1", headers: { Authorization: "\${MCP_TOKEN}" }, timeout: 5s }
  files: { command: npx, args: [-y, server], env: { ROOT: /srv/docs } }
openapi_services:
  tickets: { file: tickets.yml, base_url: "https://tickets.example.com/v1", headers: { X-Key: k-123456 } }
flows:
  - name: own
    file: own.yml
    contract: findings
    tools:
      langgenius/google/google/search: mcp:search/web/search
      9f2e/createTicket: openapi:tickets/createTicket
      a8dd/inner: flow:inner.yml
`,
    );
    const [flow] = config.flows;
    assert.ok(flow?.runner.kind === "embedded");
    assert.deepEqual(flow.runner.tools, {
      "langgenius/google/google/search": { kind: "mcp", server: "search", tool: "web/search" },
      "9f2e/createTicket": { kind: "openapi", service: "tickets", operation: "createTicket" },
      "a8dd/inner": {
        kind: "flow",
        path: flow.runner.file.kind === "path" ? flow.runner.file.path.replace("own", "inner") : "",
      },
    });
    const [search, files] = config.mcpServers;
    assert.ok(search?.kind === "http" && files?.kind === "stdio");
    assert.deepEqual([search.url, search.timeoutMs], ["https://mcp.example.com/mcp?v=1", 5_000]);
    assert.equal(search.headers["Authorization"]?.reveal(), "Bearer t-123456");
    assert.deepEqual([files.command, files.args, files.timeoutMs], ["npx", ["-y", "server"], 60_000]);
    assert.ok(!JSON.stringify(config).includes("123456"));
  });

  it("says what is wrong with each, with its key", () => {
    const problems = problemsOf(
      ENOUGH,
      `
mcp_servers: { both: { url: "https://a.example.com", command: npx }, none: {} }
openapi_services: { none: {} }
flows:
  - name: own
    file: own.yml
    contract: findings
    tools: { "a/b": "mcp:nobody/b", "c/d": "openapi:nobody/d" }
    verify: { file: v.yml, tools: { "e/f": "mcp:nobody/f" } }
`,
    );
    const unknown = (key: string, section: string) =>
      plain(problemAt(key, message("config.tool-server-unknown", { name: "nobody", section })));
    for (const problem of [
      plain(problemAt("mcp_servers.both", message("config.either", { one: "url", other: "command" }))),
      plain(problemAt("mcp_servers.none", message("config.either", { one: "url", other: "command" }))),
      plain(problemAt("openapi_services.none", message("config.either", { one: "file", other: "url" }))),
      unknown('flows[0].tools["a/b"]', "mcp_servers"),
      unknown('flows[0].tools["c/d"]', "openapi_services"),
      unknown('flows[0].verify.tools["e/f"]', "mcp_servers"),
    ])
      assert.ok(problems.includes(problem), `${problem}\n${problems.join("\n")}`);
  });
});
