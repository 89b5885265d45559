import type { JsonObject } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";

/** A call of GitLab's REST API. */
export type GitLabRequest = {
  /** GET when left out. */
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** The path below `/api/v4` with `:names` for the values in `params`. */
  readonly route: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: JsonObject;
  /** The most bytes of the answer; the client's limit when left out. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
};

/** A successful answer with its whole body. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Uint8Array };

/** The call that a failure belongs to. The route is the template, so that it holds no value. */
export type CallContext = {
  readonly method: string;
  readonly route: string;
  /** GitLab's address as configured. */
  readonly baseUrl: string;
  readonly token: Secret;
  /** What the user knows the token by, such as `GITLAB_TOKEN`. */
  readonly tokenName: string;
  /** Whether it is the server's own, with which all runs work. */
  readonly isOwnToken: boolean;
};

/** A call as messages name it. */
export const callOf = ({ method, route }: Pick<CallContext, "method" | "route">): string =>
  `${method} ${route}`;

/** A finished attempt of a call, for metrics. The route is a template and safe as a label. */
export type GitLabCall = {
  readonly method: string;
  readonly route: string;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** The code of the failure, null on success. */
  readonly code: string | null;
  readonly durationMs: number;
  readonly attempt: number;
  /** What GitLab says is left of its rate limit for this token; null where it says nothing. */
  readonly quota: Quota | null;
};

/** A rate limit of GitLab for one user: calls per period, and how many of them are left. */
export type Quota = { readonly limit: number; readonly remaining: number };

const Digits = /^\d{1,9}$/;

/**
 * Reads `RateLimit-Limit` and `RateLimit-Remaining`, which GitLab sends where a limit is set.
 *
 * @see https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 */
export const readQuota = (headers: Headers): Quota | null => {
  const limit = headers.get("ratelimit-limit")?.trim() ?? "";
  const remaining = headers.get("ratelimit-remaining")?.trim() ?? "";
  if (!Digits.test(limit) || !Digits.test(remaining)) return null;
  return { limit: Number(limit), remaining: Number(remaining) };
};
