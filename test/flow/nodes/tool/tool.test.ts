import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { strftime } from "../../../../src/flow/nodes/tool/strftime.ts";
import { toolKind } from "../../../../src/flow/nodes/tool/tool.ts";
import { loadNode, outputsOf, poolOf, runNode } from "../llm/bench.ts";
import { englishOf, flowMessage } from "../../../../src/flow/messages/message.ts";
import { inCode } from "../../in-code.ts";

const AT = Date.UTC(2026, 0, 5, 23, 4, 9, 78);
const node = (more: JsonObject = {}): JsonObject => ({
  type: "tool",
  provider_id: "time",
  provider_type: "builtin",
  provider_name: "time",
  tool_name: "current_time",
  tool_configurations: { format: "%Y-%m-%d %H:%M", timezone: "Asia/Tokyo" },
  tool_parameters: {},
  ...more,
});
const textOf = async (more: JsonObject = {}): Promise<unknown> =>
  outputsOf(
    await runNode(toolKind, node(more), { pool: poolOf({ "start.zone": "Asia/Kolkata" }), nowMs: AT }),
  )["text"];

describe("tool", () => {
  it("gives the current time in the format and zone of the file, plain or wrapped", async () => {
    assert.equal(await textOf(), "2026-01-06 08:04");
    assert.equal(
      await textOf({
        tool_configurations: {
          format: { type: "mixed", value: "%H" },
          timezone: { type: "constant", value: "UTC" },
        },
      }),
      "23",
    );
    assert.equal(
      await textOf({ tool_parameters: { timezone: { type: "variable", value: ["start", "zone"] } } }),
      "2026-01-06 04:34",
    );
    assert.equal(await textOf({ tool_configurations: {} }), "2026-01-05 23:04:09 UTC");
    assert.equal(
      await textOf({ tool_configurations: { timezone: "Mars/Base" } }),
      englishOf(flowMessage("flow.tool.timezone", { zone: "Mars/Base" })),
    );
  });

  it("has the outputs of Dify's tools", async () => {
    const outputs = outputsOf(await runNode(toolKind, node(), { nowMs: AT }));
    assert.deepEqual(outputs["files"], []);
    assert.deepEqual(outputs["json"], [{ data: [] }]);
  });

  it("refuses every other tool by name, with what to use instead", () => {
    const failures = (more: JsonObject): readonly string[] =>
      loadNode(toolKind, node(more)).declaration.failures.map(({ message }) => inCode(message));
    assert.deepEqual(
      failures({
        provider_id: "langgenius/gitlab/gitlab",
        provider_name: "langgenius/gitlab/gitlab",
        tool_name: "mergerequests",
      }),
      [
        "flow.tool.plugin tool=mergerequests provider=langgenius/gitlab/gitlab instead=(flow.tool.instead kind=api)",
      ],
    );
    assert.deepEqual(
      failures({ provider_id: "uuid", provider_type: "workflow", provider_name: "mine", tool_name: "inner" }),
      ["flow.tool.workflow tool=inner provider=mine instead=(flow.tool.instead kind=any)"],
    );
    assert.deepEqual(failures({ tool_name: "weekday" }), [
      "flow.tool.plugin tool=weekday provider=time instead=(flow.tool.instead kind=any)",
    ]);
    assert.deepEqual(failures({}), []);
  });
});

describe("strftime", () => {
  it("writes what Python's does", () => {
    assert.equal(
      strftime(AT, "UTC", "%a %A %b %B %d %e %j %y %I:%M:%S %p %f %z %Z %% %F %T %Q"),
      "Mon Monday Jan January 05  5 005 26 11:04:09 PM 078000 +0000 UTC % 2026-01-05 23:04:09 %Q",
    );
    assert.equal(strftime(AT, "America/New_York", "%z %Z"), "-0500 EST");
    assert.equal(strftime(AT, "Asia/Dubai", "%z %Z"), "+0400 +04");
    assert.equal(strftime(Date.UTC(2026, 0, 5, 0, 0, 0), "UTC", "%H %I %p"), "00 12 AM");
  });
});
