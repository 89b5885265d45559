type Moment = Readonly<Record<string, string>>;

const FIELDS: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  weekday: "long",
  hourCycle: "h23",
  timeZoneName: "longOffset",
};

const partsOf = (at: Date, timeZone: string, options: Intl.DateTimeFormatOptions): Moment =>
  Object.fromEntries(
    new Intl.DateTimeFormat("en-US", { ...options, timeZone, calendar: "gregory", numberingSystem: "latn" })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );

const offsetOf = (moment: Moment): string => {
  const match = /GMT(?:([+-])(\d{2}):?(\d{2}))?/.exec(moment["timeZoneName"] ?? "");
  return `${match?.[1] ?? "+"}${match?.[2] ?? "00"}${match?.[3] ?? "00"}`;
};

const zoneName = (at: Date, timeZone: string, offset: string): string => {
  if (timeZone === "UTC") return "UTC";
  const short = partsOf(at, timeZone, { timeZoneName: "short" })["timeZoneName"] ?? "";
  return /^[A-Z]+$/.test(short) ? short : offset.replace(/00$/, "");
};

const dayOfYear = (moment: Moment): string => {
  const year = Number(moment["year"]);
  const day = Date.UTC(year, Number(moment["month"]) - 1, Number(moment["day"])) - Date.UTC(year, 0, 0);
  return String(Math.round(day / 86_400_000)).padStart(3, "0");
};

/**
 * Writes a moment as Python's `strftime` does in the C locale. Unknown directives stay as they are. Zones without a
 * usual abbreviation print their offset (`+08`). Throws RangeError for a time zone that does not exist.
 */
export const strftime = (atMs: number, timeZone: string, format: string): string => {
  const at = new Date(atMs);
  const moment = partsOf(at, timeZone, FIELDS);
  const month = partsOf(at, timeZone, { month: "long" })["month"] ?? "";
  const get = (name: string): string => moment[name] ?? "";
  const hour = Number(get("hour"));
  const offset = offsetOf(moment);
  const values: Readonly<Record<string, string>> = {
    Y: get("year"),
    y: get("year").slice(-2),
    m: get("month"),
    d: get("day"),
    e: String(Number(get("day"))).padStart(2, " "),
    H: get("hour"),
    I: String(hour % 12 === 0 ? 12 : hour % 12).padStart(2, "0"),
    M: get("minute"),
    S: get("second"),
    f: `${String(atMs % 1000).padStart(3, "0")}000`,
    p: hour < 12 ? "AM" : "PM",
    A: get("weekday"),
    a: get("weekday").slice(0, 3),
    B: month,
    b: month.slice(0, 3),
    j: dayOfYear(moment),
    F: `${get("year")}-${get("month")}-${get("day")}`,
    T: `${get("hour")}:${get("minute")}:${get("second")}`,
    s: String(Math.floor(atMs / 1000)),
    z: offset,
    Z: zoneName(at, timeZone, offset),
    "%": "%",
  };
  return format.replace(/%([A-Za-z%])/g, (directive, name: string) => values[name] ?? directive);
};
