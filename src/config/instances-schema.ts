import { z } from "zod";

/**
 * What a server does: `web` takes deliveries and shows pages, `worker` reviews, `both` does everything.
 * Servers of different roles share one PostgreSQL.
 */
export const ServerRole = z.enum(["web", "worker", "both"]);
export type ServerRole = z.infer<typeof ServerRole>;

const perMinute = z.coerce.number().int().min(1).max(1_000_000).nullable().default(null);

/** How many requests all servers together may send in a minute; null for as many as they like. */
export const RateLimitsSection = z
  .strictObject({
    /** To GitLab, for each access token. */
    gitlab_per_minute: perMinute,
    /** To Dify, for each server. */
    dify_per_minute: perMinute,
  })
  .prefault({});

/** RateLimitsSection as the program uses it. */
export type RateLimitsConfig = {
  readonly gitLabPerMinute: number | null;
  readonly difyPerMinute: number | null;
};
