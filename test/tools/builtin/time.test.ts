import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../src/base/json.ts";
import { strftime } from "../../../src/tools/builtin/strftime.ts";
import { answerOf, failureOf, requestOf, runnerWith } from "../tool-setup.ts";

const { invoke, describe: describeTool } = runnerWith();

const textOf = async (
  tool: string,
  parameters: JsonObject = {},
  settings: JsonObject = {},
): Promise<string> => answerOf(await invoke(requestOf(`time/${tool}`, parameters, { settings }))).text;

const failing = async (tool: string, parameters: JsonObject) =>
  failureOf(await invoke(requestOf(`time/${tool}`, parameters)));

const inWords = (why: string) => ({ type: "ToolRuntimeInvocationError", why });

// What the tests state was computed with Python's datetime and zoneinfo, as Dify's own tools do it.
describe("time", () => {
  it("gives the current time in the format and zone of the settings", async () => {
    assert.equal(
      await textOf("current_time", {}, { format: "%Y-%m-%d %H:%M", timezone: "Asia/Tokyo" }),
      "2026-01-06 08:04",
    );
    assert.equal(await textOf("current_time"), "2026-01-05 23:04:09 UTC");
    assert.equal(await textOf("current_time", {}, { timezone: "Mars/Base" }), "Invalid timezone: Mars/Base");
  });

  it("turns local time into a timestamp, the later of two and the one behind a gap", async () => {
    const at = async (localtime: string, timezone?: string): Promise<string> =>
      await textOf("localtime_to_timestamp", { localtime, ...(timezone === undefined ? {} : { timezone }) });
    assert.equal(await at("2024-1-1 0:0:0"), "1704038400");
    assert.equal(await at("2024-01-01 00:00:00", "UTC"), "1704067200");
    assert.equal(await at("2024-11-03 01:30:00", "America/New_York"), "1730615400");
    assert.equal(await at("2024-03-10 02:30:00", "America/New_York"), "1710055800");
    assert.deepEqual(
      await failing("localtime_to_timestamp", { localtime: "2024-02-30 00:00:00" }),
      inWords("day is out of range for month"),
    );
    assert.deepEqual(
      await failing("localtime_to_timestamp", { localtime: "2024-01-01 25:00:00" }),
      inWords("time data '2024-01-01 25:00:00' does not match format '%Y-%m-%d %H:%M:%S'"),
    );
    assert.deepEqual(
      await failing("localtime_to_timestamp", { localtime: "2024-01-01 00:00:00", timezone: "Mars/Base" }),
      inWords("Invalid timezone: 'Mars/Base'"),
    );
  });

  it("turns a timestamp into local time, as a number or as the text that files hold", async () => {
    const at = async (timestamp: number | string, timezone: string): Promise<string> =>
      await textOf("timestamp_to_localtime", { timestamp, timezone });
    assert.equal(await at("1704067200", "Asia/Shanghai"), "2024-01-01 08:00:00");
    assert.equal(await at(1704067200, "America/New_York"), "2023-12-31 19:00:00");
    assert.equal(await at(-1, "UTC"), "1969-12-31 23:59:59");
  });

  it("converts between zones", async () => {
    const convert = async (current_time: string, current_timezone: string, target_timezone: string) =>
      await textOf("timezone_conversion", { current_time, current_timezone, target_timezone });
    assert.equal(await convert("2024-1-1 0:0:0", "Asia/Shanghai", "Asia/Tokyo"), "2024-01-01 01:00:00");
    assert.equal(
      await convert("2024-07-01 12:00:00", "Europe/Berlin", "America/New_York"),
      "2024-07-01 06:00:00",
    );
    assert.deepEqual(
      await failing("timezone_conversion", {
        current_time: "soon",
        current_timezone: "Asia/Tokyo",
        target_timezone: "Nowhere",
      }),
      inWords("Invalid timezone: 'Nowhere'"),
    );
  });

  it("names the weekday of a date", async () => {
    const on = async (year: number | string, month: number | string, day: number | string): Promise<string> =>
      await textOf("weekday", { year, month, day });
    assert.equal(await on("2026", "11", "30"), "November 30, 2026 is Monday.");
    assert.equal(await on(2024, 2, 29), "February 29, 2024 is Thursday.");
    assert.equal(await on(2023, 2, 29), "Invalid date: Year 2023, Month 2, Day 29.");
    assert.equal(await on(2023, 13, 1), "Invalid date: Year 2023, Month 13, Day 1.");
    assert.deepEqual(await failing("weekday", { year: 2023 }), inWords("月份为必填项"));
  });

  it("has Dify's outputs, and says to a model what it takes", async () => {
    const { json, files, variables } = answerOf(await invoke(requestOf("time/current_time")));
    assert.deepEqual({ json, files, variables }, { json: [{ data: [] }], files: [], variables: {} });
    const described = await describeTool(requestOf("time/weekday"));
    assert.deepEqual(described.ok ? described.value.parameters["required"] : described, [
      "year",
      "month",
      "day",
    ]);
  });
});

describe("strftime", () => {
  const AT = Date.UTC(2026, 0, 5, 23, 4, 9, 78);
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
