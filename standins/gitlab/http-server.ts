import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { ApiError, json } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { checkScope, identify } from "./auth.ts";
import type { Caller } from "./auth.ts";
import type { Context } from "./context.ts";
import type { FaultKind, FaultPlan } from "./faults.ts";
import type { PageHandler } from "./pages.ts";
import { readParams } from "./params.ts";
import { createRateLimiter, rateLimitHeaders } from "./rate-limits.ts";
import type { RateLimiter } from "./rate-limits.ts";
import { loggedQuery } from "./request-log.ts";
import type { LoggedRequest } from "./request-log.ts";
import { findRoute } from "./router.ts";
import type { Route } from "./router.ts";

/** What the server needs besides the world. */
export type ServerParts = {
  readonly context: Context;
  readonly routes: readonly Route[];
  readonly faults: FaultPlan;
  readonly log: LoggedRequest[];
  /** Answers what is not for the API. */
  readonly pages: PageHandler;
  /** Gets a failure of the stand-in itself, such as a git command that did not run. */
  readonly onFailure: (error: unknown) => void;
};

const PREFIX = "/api/v4/";
const BODY_LIMIT = 30 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > BODY_LIMIT) throw new ApiError(413, { error: "Request Entity Too Large" });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

type Arrived = { readonly incoming: IncomingMessage; readonly url: URL; readonly entry: LoggedRequest };

const throttle = (context: Context, limiter: RateLimiter, caller: Caller): Record<string, string> => {
  const limit = context.world.limits.requestsPerMinute;
  if (limit === null) return {};
  const allowance = limiter.count(`requests of ${caller.user?.id ?? "nobody"}`, limit);
  const headers = rateLimitHeaders(allowance);
  if (!allowance.allowed) throw new ThrottledError(headers);
  return headers;
};

/** GitLab's general limit answers in plain text, not in JSON. */
class ThrottledError extends Error {
  readonly answer: Answer;
  constructor(headers: Record<string, string>) {
    super("GitLab stand-in throttles");
    this.answer = { status: 429, headers, body: { type: "text/plain", bytes: Buffer.from("Retry later\n") } };
  }
}

const carryOut = async (
  parts: ServerParts,
  limiter: RateLimiter,
  { incoming, url, entry }: Arrived,
): Promise<Answer> => {
  const { context } = parts;
  const method = incoming.method ?? "GET";
  const body = await readBody(incoming);
  if (!url.pathname.startsWith(PREFIX)) {
    const page = await parts.pages({ method, url, headers: incoming.headers, body });
    return page ?? json({ error: "404 Not Found" }, 404);
  }
  const caller = identify(context.world, incoming.headers);
  entry.user = caller.user?.username ?? null;
  const headers = throttle(context, limiter, caller);
  const { match, allowed } = findRoute(parts.routes, method, url.pathname.slice(PREFIX.length));
  if (match === null) {
    if (allowed.length === 0) return json({ error: "404 Not Found" }, 404);
    return json({ error: "405 Not Allowed" }, 405, { Allow: allowed.join(", ") });
  }
  checkScope(caller, method, match.route.scopes ?? []);
  const answer = await match.route.handle({
    context,
    limiter,
    caller,
    method,
    url,
    path: (name) => match.names.get(name) ?? "",
    params: readParams(url.searchParams, incoming.headers["content-type"], body),
  });
  return { ...answer, headers: { ...headers, ...answer.headers } };
};

const answerFor = async (parts: ServerParts, limiter: RateLimiter, arrived: Arrived): Promise<Answer> => {
  try {
    return await carryOut(parts, limiter, arrived);
  } catch (error) {
    if (error instanceof ApiError || error instanceof ThrottledError) return error.answer;
    parts.onFailure(error);
    return json({ message: "500 Internal Server Error" }, 500);
  }
};

const send = (response: ServerResponse, answer: Answer, nowMs: number, cut = false): void => {
  const bytes = answer.body?.bytes ?? Buffer.alloc(0);
  response.writeHead(answer.status, {
    ...answer.headers,
    Date: new Date(nowMs).toUTCString(),
    "X-Request-Id": `stand-in-${Date.now().toString(36)}`,
    ...(answer.body === null
      ? {}
      : { "Content-Type": answer.body.type, "Content-Length": String(bytes.length) }),
  });
  if (!cut) {
    response.end(response.req.method === "HEAD" ? undefined : bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
};

const PAGE =
  "<!DOCTYPE html>\n<html><head><title>Whoops</title></head><body><h1>GitLab is not responding</h1></body></html>\n";

/** The answer of a fault that has one; null for faults that give none. */
const faultAnswer = (fault: FaultKind): Answer | null => {
  if (fault.kind === "html") {
    return { status: fault.status, headers: {}, body: { type: "text/html", bytes: Buffer.from(PAGE) } };
  }
  if (fault.kind !== "status") return null;
  const headers = fault.retryAfter === undefined ? {} : { "Retry-After": fault.retryAfter };
  return json(
    fault.body ?? { message: `${fault.status} ${fault.status === 429 ? "Too Many Requests" : "Error"}` },
    fault.status,
    headers,
  );
};

const strikesAfter = (fault: FaultKind): boolean => "when" in fault && fault.when === "after";

const revokeToken = ({ world }: Context, incoming: IncomingMessage): void => {
  const text =
    incoming.headers["private-token"] ?? incoming.headers.authorization?.replace(/^bearer\s+/i, "");
  const token = world.tokens.find((candidate) => candidate.value === text);
  if (token !== undefined) token.revoked = true;
};

const serve = async (
  parts: ServerParts,
  limiter: RateLimiter,
  arrived: Arrived,
  response: ServerResponse,
): Promise<void> => {
  const { incoming, url, entry } = arrived;
  const fault = parts.faults.take(incoming.method ?? "GET", url.pathname);
  entry.fault = fault?.kind ?? null;
  if (fault?.kind === "revoke-token") revokeToken(parts.context, incoming);
  if (fault?.kind === "slow") await delay(fault.delayMs, undefined, { ref: false });
  const ends = fault !== null && ["status", "html", "hang", "reset"].includes(fault.kind);
  if (fault !== null && ends) {
    if (strikesAfter(fault)) await answerFor(parts, limiter, arrived);
    const answer = faultAnswer(fault);
    entry.status = answer?.status ?? null;
    if (answer !== null) send(response, answer, parts.context.world.now());
    else if (fault.kind === "reset") incoming.socket.resetAndDestroy();
    return;
  }
  const answer = await answerFor(parts, limiter, arrived);
  entry.status = answer.status;
  send(response, answer, parts.context.world.now(), fault?.kind === "truncate");
};

/** The HTTP side of the stand-in; it does not listen yet. */
export const createApiServer = (parts: ServerParts): Server => {
  const { world } = parts.context;
  const limiter = createRateLimiter(world);
  return createServer((incoming, response) => {
    const target = incoming.url ?? "/";
    if (!target.startsWith(`${world.relativeRoot}/`)) {
      response.writeHead(404).end();
      return;
    }
    const url = new URL(target.slice(world.relativeRoot.length), "http://stand-in.invalid");
    const entry: LoggedRequest = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: loggedQuery(url.searchParams),
      status: null,
      user: null,
      fault: null,
      at: world.now(),
    };
    parts.log.push(entry);
    serve(parts, limiter, { incoming, url, entry }, response).catch((error: unknown) => {
      parts.onFailure(error);
      response.destroy();
    });
  });
};
