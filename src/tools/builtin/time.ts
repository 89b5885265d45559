import type { Json, JsonObject } from "../../base/json.ts";
import { pythonStr } from "../../flow/value-text.ts";
import { failureInItsWords, objectSchema, toolAnswer } from "../tool.ts";
import type { BuiltinTool } from "./builtin-tool.ts";
import { strftime } from "./strftime.ts";

/** Texts here are those of Dify's own tools: flows read them, and look for them. */
const DEFAULT_FORMAT = "%Y-%m-%d %H:%M:%S %Z";
const LOCAL_FORMAT = "%Y-%m-%d %H:%M:%S";
const DAY_MS = 86_400_000;

class TimeError extends Error {}

const textOf = (values: JsonObject, name: string, otherwise: string): string => {
  const value = values[name];
  return value === undefined ? otherwise : pythonStr(value ?? null);
};

/** A moment in a zone. Throws TimeError for a zone that does not exist, in the words of Python's repr. */
const write = (atMs: number, zone: string, format: string): string => {
  try {
    return strftime(atMs, zone, format);
  } catch (error) {
    if (error instanceof RangeError) throw new TimeError(`Invalid timezone: '${zone}'`);
    throw error;
  }
};

/** The name of the machine's own zone, where the file leaves it empty. */
const zoneOf = (text: string): string =>
  text === "" ? new Intl.DateTimeFormat().resolvedOptions().timeZone : text;

/** How far a zone's clocks are ahead of UTC at a moment, in milliseconds. */
const offsetMs = (atMs: number, zone: string): number => {
  const [, sign = "+", hours = "0", minutes = "0"] = /([+-])(\d\d)(\d\d)/.exec(write(atMs, zone, "%z")) ?? [];
  return (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
};

/** A local time as `strptime` reads it; Dify's format takes one digit for two. */
const parseLocal = (text: string): number => {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map(Number);
  const isWritten =
    year >= 1 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 31 &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!isWritten) throw new TimeError(`time data '${text}' does not match format '${LOCAL_FORMAT}'`);
  const wall = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  wall.setUTCFullYear(year, month - 1, day);
  if (wall.getUTCDate() !== day) throw new TimeError("day is out of range for month");
  return wall.getTime();
};

/** The moment of a local time: of a time that occurs twice the later, of one that is left out the one behind the gap. */
const toMoment = (wallMs: number, zone: string): number => {
  const offsets = [wallMs - DAY_MS, wallMs + DAY_MS].map((around) => offsetMs(around, zone));
  return Math.max(...offsets.map((offset) => wallMs - offset));
};

const failing =
  (make: (values: JsonObject, nowMs: number) => string): BuiltinTool["run"] =>
  async (values, { clock }) => {
    try {
      return toolAnswer({ text: make(values, clock.now()) });
    } catch (error) {
      if (error instanceof TimeError) return failureInItsWords(error.message);
      throw error;
    }
  };

const currentTime = (values: JsonObject, nowMs: number): string => {
  const zone = textOf(values, "timezone", "UTC");
  const format = textOf(values, "format", "");
  try {
    return write(nowMs, zone, format === "" ? DEFAULT_FORMAT : format);
  } catch (error) {
    if (error instanceof TimeError) return `Invalid timezone: ${zone}`;
    throw error;
  }
};

const localtimeToTimestamp = (values: JsonObject): string => {
  const zone = zoneOf(textOf(values, "timezone", "Asia/Shanghai"));
  return String(Math.floor(toMoment(parseLocal(textOf(values, "localtime", "None")), zone) / 1000));
};

const timestampToLocaltime = (values: JsonObject): string => {
  const { timestamp = 0 } = values;
  const zone = zoneOf(textOf(values, "timezone", "Asia/Shanghai"));
  if (typeof timestamp !== "number" || Math.abs(timestamp) > 8.64e12)
    throw new TimeError(`invalid literal for int() with base 10: '${pythonStr(timestamp)}'`);
  return write(Math.floor(timestamp) * 1000, zone, LOCAL_FORMAT);
};

const timezoneConversion = (values: JsonObject): string => {
  const [source, target] = [
    textOf(values, "current_timezone", "Asia/Shanghai"),
    textOf(values, "target_timezone", "Asia/Tokyo"),
  ];
  // An unknown zone is said before a time that cannot be read.
  for (const zone of [source, target]) write(0, zone, "");
  return write(toMoment(parseLocal(textOf(values, "current_time", "None")), source), target, LOCAL_FORMAT);
};

const isNumber = (value: Json | undefined): value is number => typeof value === "number";

const weekday = (values: JsonObject): string => {
  const { year, month, day } = values;
  if (month === undefined || month === null) throw new TimeError("月份为必填项");
  const invalid = `Invalid date: Year ${pythonStr(year ?? null)}, Month ${pythonStr(month)}, Day ${pythonStr(day ?? null)}.`;
  if (!isNumber(year) || !isNumber(month) || !isNumber(day)) return invalid;
  const date = new Date(Date.UTC(2000, Math.trunc(month) - 1, Math.trunc(day)));
  date.setUTCFullYear(Math.trunc(year), Math.trunc(month) - 1, Math.trunc(day));
  const isReal = date.getUTCMonth() === Math.trunc(month) - 1 && date.getUTCDate() === Math.trunc(day);
  if (year < 1 || year >= 10_000 || month < 1 || month > 12 || day < 1 || day > 31 || !isReal) return invalid;
  const name = strftime(date.getTime(), "UTC", "%B");
  return `${name} ${date.getUTCDate()}, ${Math.trunc(year)} is ${strftime(date.getTime(), "UTC", "%A")}.`;
};

const text = (description: string): JsonObject => ({ type: "string", description });
const number = (description: string): JsonObject => ({ type: "number", description });
const ZONE = "Timezone, such as Asia/Shanghai";

/** Dify's tools of the provider `time`. */
export const TIME_TOOLS: Readonly<Record<string, BuiltinTool>> = {
  current_time: {
    description: "A tool for getting the current time.",
    parameters: objectSchema({}),
    settings: { format: text("Time format in strftime standard."), timezone: text("Timezone") },
    run: failing(currentTime),
  },
  localtime_to_timestamp: {
    description: "A tool for localtime convert to timestamp",
    parameters: objectSchema({ localtime: text("localtime, such as 2024-1-1 0:0:0"), timezone: text(ZONE) }, [
      "localtime",
    ]),
    settings: {},
    run: failing(localtimeToTimestamp),
  },
  timestamp_to_localtime: {
    description: "A tool for timestamp convert to localtime",
    parameters: objectSchema({ timestamp: number("Timestamp"), timezone: text(ZONE) }, ["timestamp"]),
    settings: {},
    run: failing(timestampToLocaltime),
  },
  timezone_conversion: {
    description: "A tool to convert time to equivalent time zone",
    parameters: objectSchema(
      {
        current_time: text("current time, such as 2024-1-1 0:0:0"),
        current_timezone: text("Current Timezone, such as Asia/Shanghai"),
        target_timezone: text("Target Timezone, such as Asia/Tokyo"),
      },
      ["current_time", "current_timezone", "target_timezone"],
    ),
    settings: {},
    run: failing(timezoneConversion),
  },
  weekday: {
    description: "A tool for calculating the weekday of a given date by year, month and day.",
    parameters: objectSchema({ year: number("Year"), month: number("Month"), day: number("day") }, [
      "year",
      "month",
      "day",
    ]),
    settings: {},
    run: failing(weekday),
  },
};
