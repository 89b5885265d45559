import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { message } from "../../src/messages/message.ts";
import { failureOf, requestOf, runnerWith } from "./tool-setup.ts";

describe("the tool runner", () => {
  it("refuses a tool that is not set up by name, with the line of settings that has it run", async () => {
    const { invoke, describe: describeTool } = runnerWith();
    const cases = [
      [
        "langgenius/gitlab/gitlab/issues",
        "builtin",
        'flows[].tools: {"langgenius/gitlab/gitlab/issues": "mcp:NAME/issues"}',
      ],
      ["0b6/addNumbers", "api", 'flows[].tools: {"0b6/addNumbers": "openapi:NAME/addNumbers"}'],
      ["0b7/inner", "workflow", 'flows[].tools: {"0b7/inner": "flow:FILE.yml"}'],
      ["shouter-1/shout", "mcp", 'mcp_servers: {"shouter-1": {url: https://…}}'],
      ["time/next_year", "builtin", 'flows[].tools: {"time/next_year": "mcp:NAME/next_year"}'],
    ] as const;
    for (const [tool, providerType, setting] of cases) {
      const request = requestOf(tool, {}, { providerType });
      const { providerId: provider, toolName } = request;
      const refusal = {
        type: "ToolRuntimeResolutionError",
        why: message("tool.not-set", { tool: toolName, provider, setting }),
      };
      assert.deepEqual(failureOf(await invoke(request)), refusal);
      assert.deepEqual(failureOf(await describeTool(request)), refusal);
    }
  });
});
