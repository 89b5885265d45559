import { pauseAskedFor } from "../base/transient-failure.ts";

const inRange = (ms: number): number | null => (Number.isFinite(ms) && ms >= 0 ? Math.ceil(ms) : null);

const fromBody = (body: string): number | null => {
  const seconds = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1];
  return seconds === undefined ? (pauseAskedFor(body) ?? null) : inRange(Number(seconds) * 1_000);
};

/**
 * How long a provider asks to be left alone, in milliseconds; null when it does not say. Reads
 * `retry-after-ms` first, then `retry-after` as seconds or as an HTTP date (RFC 9110), then the
 * `retryDelay` that Google puts into the body, and words such as "try again in 20s".
 */
export const readRetryAfter = (
  headers: Readonly<Record<string, string>>,
  body: string,
  nowMs: number,
): number | null => {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const ms = lower.get("retry-after-ms") ?? "";
  if (/^\d+(\.\d+)?$/.test(ms)) return inRange(Number(ms));
  const after = lower.get("retry-after") ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return inRange(Number(after) * 1_000);
  const date = after === "" ? Number.NaN : Date.parse(after);
  return Number.isNaN(date) ? fromBody(body) : inRange(Math.max(0, date - nowMs));
};
