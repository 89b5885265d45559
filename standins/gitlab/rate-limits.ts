import type { World } from "./world.ts";

const MINUTE_MS = 60_000;

/** The state of one limit after a request was counted. */
export type Allowance = {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetSeconds: number;
  /** The window's end in seconds since the epoch. */
  readonly resetAt: number;
};

/** Counts per key in fixed windows of a minute, on the stand-in's clock. */
export type RateLimiter = { readonly count: (key: string, limit: number) => Allowance };

/** A limiter without any count. */
export const createRateLimiter = (world: World): RateLimiter => {
  const windows = new Map<string, { readonly window: number; used: number }>();
  return {
    count: (key, limit) => {
      const now = world.now();
      const window = Math.floor(now / MINUTE_MS);
      const found = windows.get(key);
      const current = found?.window === window ? found : { window, used: 0 };
      windows.set(key, current);
      current.used += 1;
      const end = (window + 1) * MINUTE_MS;
      return {
        allowed: current.used <= limit,
        limit,
        remaining: Math.max(0, limit - current.used),
        resetSeconds: Math.max(1, Math.ceil((end - now) / 1000)),
        resetAt: Math.ceil(end / 1000),
      };
    },
  };
};

/** GitLab's headers for its general limits. */
export const rateLimitHeaders = (allowance: Allowance): Record<string, string> => ({
  "RateLimit-Limit": String(allowance.limit),
  "RateLimit-Name": "throttle_authenticated_api",
  "RateLimit-Observed": String(allowance.limit - allowance.remaining + (allowance.allowed ? 0 : 1)),
  "RateLimit-Remaining": String(allowance.remaining),
  "RateLimit-Reset": String(allowance.resetAt),
  ...(allowance.allowed ? {} : { "Retry-After": String(allowance.resetSeconds) }),
});
