import type { Translate } from "../../../messages/format-message.ts";
import { html, type Markup } from "./markup.ts";

const unitFormat = (unit: string) => (locale: string) =>
  new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 });

const kept = <T>(make: (locale: string) => T): ((t: Translate) => T) => {
  const made = new Map<string, T>();
  return (t) => {
    const locale = t("language.locale");
    const value = made.get(locale) ?? make(locale);
    made.set(locale, value);
    return value;
  };
};

/** The time zone of all times on the pages: the server's. */
export const TIME_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const numbers = kept((locale) => new Intl.NumberFormat(locale));
const tenths = kept((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
const moments = kept(
  (locale) =>
    new Intl.DateTimeFormat(locale, {
      dateStyle: "medium",
      timeStyle: "medium",
      hour12: false,
      timeZone: TIME_ZONE,
    }),
);
const days = kept(
  (locale) => new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: TIME_ZONE }),
);
const units = {
  hour: kept(unitFormat("hour")),
  minute: kept(unitFormat("minute")),
  second: kept(unitFormat("second")),
  millisecond: kept(unitFormat("millisecond")),
};
const percents = kept((locale) => new Intl.NumberFormat(locale, { style: "percent" }));

/** A count, with the marks of the language. */
export const formatCount = (t: Translate, value: number | null): string =>
  value === null ? "–" : numbers(t).format(value);

/** A share from 0 to 1. */
export const formatShare = (t: Translate, value: number): string => percents(t).format(value);

/** A day of the calendar, such as 24 Nov. */
export const formatDay = (t: Translate, ms: number): string => days(t).format(ms);

/** A point in time, readable by machines too; a dash for none. */
export const formatTime = (t: Translate, ms: number | null): Markup =>
  ms === null || !Number.isFinite(new Date(ms).getTime())
    ? html`–`
    : html`<time datetime="${new Date(ms).toISOString()}">${formatMoment(t, ms)}</time>`;

/** A point in time in the middle of a sentence. */
export const formatMoment = (t: Translate, ms: number): string => moments(t).format(ms);

const UNITS = [
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** A span of time in its two largest units, such as 2 min 5 sec. */
export const formatDuration = (t: Translate, ms: number): string => {
  if (ms < 1_000) return units.millisecond(t).format(Math.max(0, Math.round(ms)));
  if (ms < 10_000) return units.second(t).format(ms / 1_000);
  let rest = Math.round(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(units[unit](t).format(amount));
  }
  return parts.slice(0, 2).join(" ");
};

/** Bytes in the largest unit that leaves a whole number. */
export const formatBytes = (t: Translate, bytes: number): string => {
  if (bytes < 1_024) return `${formatCount(t, bytes)} B`;
  return bytes < 1_048_576
    ? `${formatCount(t, Math.round(bytes / 1_024))} KiB`
    : `${tenths(t).format(bytes / 1_048_576)} MiB`;
};

/** An amount of money with enough digits for prices of single calls. Any text may stand for the currency. */
export const formatMoney = (t: Translate, amount: number | null, currency: string): string => {
  if (amount === null) return "–";
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  const number = new Intl.NumberFormat(t("language.locale"), {
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(amount);
  return currency === "" ? number : `${number} ${currency}`;
};
