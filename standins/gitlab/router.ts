import type { Answer } from "./answers.ts";
import type { Caller } from "./auth.ts";
import type { Context } from "./context.ts";
import type { Params } from "./params.ts";
import type { RateLimiter } from "./rate-limits.ts";
import type { Scope } from "./state.ts";

/** A request on its way to a route. */
export type ApiRequest = {
  readonly context: Context;
  readonly limiter: RateLimiter;
  readonly caller: Caller;
  readonly method: string;
  /** The path as sent, with its query, for links to other pages. */
  readonly url: URL;
  /** The decoded segments that the route names. */
  readonly path: (name: string) => string;
  readonly params: Params;
};

/** What answers a request. */
export type Handler = (request: ApiRequest) => Answer | Promise<Answer>;

/** One endpoint. The pattern's `:name` segments match one percent-encoded segment each. */
export type Route = {
  readonly method: string;
  readonly pattern: string;
  readonly handle: Handler;
  /** Scopes that suffice for reading besides `read_api`. */
  readonly scopes?: readonly Scope[];
};

/** A route that fits a path. */
type Match = { readonly route: Route; readonly names: ReadonlyMap<string, string> };

/** What the router finds: a match, the methods that the path has, or nothing. */
export type Found = { readonly match: Match | null; readonly allowed: readonly string[] };

const decode = (segment: string): string | null => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
};

const fit = (pattern: string, segments: readonly string[]): ReadonlyMap<string, string> | null => {
  const parts = pattern.split("/");
  if (parts.length !== segments.length) return null;
  const names = new Map<string, string>();
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== segment) return null;
      continue;
    }
    const value = decode(segment);
    if (value === null || value === "") return null;
    names.set(part.slice(1), value);
  }
  return names;
};

/** Finds the route of a path below `/api/v4/`; fixed segments win over named ones by their order in the list. */
export const findRoute = (routes: readonly Route[], method: string, path: string): Found => {
  const segments = path.split("/");
  const allowed: string[] = [];
  for (const route of routes) {
    const names = fit(route.pattern, segments);
    if (names === null) continue;
    if (route.method === method || (method === "HEAD" && route.method === "GET")) {
      return { match: { route, names }, allowed };
    }
    allowed.push(route.method);
  }
  return { match: null, allowed };
};

/** Short forms for lists of routes. */
export const get = (pattern: string, handle: Handler, scopes: readonly Scope[] = []): Route => ({
  method: "GET",
  pattern,
  handle,
  scopes,
});
export const post = (pattern: string, handle: Handler): Route => ({ method: "POST", pattern, handle });
export const put = (pattern: string, handle: Handler): Route => ({ method: "PUT", pattern, handle });
export const del = (pattern: string, handle: Handler): Route => ({ method: "DELETE", pattern, handle });
