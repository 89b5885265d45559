import { Readable } from "node:stream";
import { Agent, type Dispatcher, request as send } from "undici";
import { describeError, stated, StoreError } from "../base/errors.ts";
import { sendBehindFence } from "../base/fence.ts";
import { isReading } from "../base/http-method.ts";
import { type Message, message } from "../messages/message.ts";
import type { HttpClient, HttpRequest, HttpResponse, NodeResult } from "../flow/ports.ts";
import { ACCEPTED_CODINGS, readUnpacked } from "./unpacked-body.ts";
import type { EgressPolicy } from "./egress-policy.ts";
import { parseEgressPolicy } from "./egress-policy.ts";
import type { Resolver } from "./guarded-connector.ts";
import { createGuardedConnector, systemResolver } from "./guarded-connector.ts";
import { needsPacing, paceBody } from "./paced-body.ts";
import type { Hop } from "./redirect.ts";
import { planRedirect } from "./redirect.ts";
import { toFailure } from "./transport-failure.ts";

/** What the operator decides about requests of flows. */
export type GuardedHttpClientOptions = {
  /** Destinations beyond the public Internet that are open, as the setting `egress.allow` lists them. */
  readonly allow: readonly string[];
  /** How many redirects are followed; 10 by default. */
  readonly maxRedirects?: number;
  /** Resolves host names; the operating system's resolver by default. */
  readonly resolve?: Resolver;
  /** Changes or refuses each request before it is sent, those after redirects too; all are sent as they are by default. */
  readonly prepare?: (hop: Hop) => Promise<Hop | { readonly refused: Message }>;
  /** How to find what a request has left there, asked before one that may have been sent; nothing is looked for by default. */
  readonly findSent?: (hop: Hop) => Promise<SentSearch | null>;
  /** Sent as User-Agent where a flow sets none. */
  readonly userAgent?: string;
};

/** A request that reads, and what of its answer a request that was sent has left: as the answer to that one. */
type SentSearch = {
  readonly ask: Hop;
  readonly find: (response: HttpResponse) => HttpResponse | null;
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
/** Headers of one connection, which the client itself sets. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

type Settings = {
  readonly policy: EgressPolicy;
  readonly maxRedirects: number;
  readonly resolve: Resolver;
  readonly userAgent: string;
  readonly prepare: NonNullable<GuardedHttpClientOptions["prepare"]>;
  readonly findSent: NonNullable<GuardedHttpClientOptions["findSent"]>;
};

const refuse = (errorType: string, what: Message): NodeResult<never> => ({
  ok: false,
  errorType,
  ...stated(what),
  retryable: false,
});

const parseUrl = (text: string): URL | null => {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
};

const has = (headers: Hop["headers"], name: string): boolean =>
  headers.some(([key]) => key.toLowerCase() === name);

/** The first hop: the flow's headers with what every request needs, userinfo of the URL as basic credentials. */
const firstHop = (request: HttpRequest, url: URL, userAgent: string): Hop => {
  const headers = request.headers.filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  const defaults: (readonly [string, string])[] = [
    ["accept", "*/*"],
    ["accept-encoding", ACCEPTED_CODINGS],
    ["user-agent", userAgent],
  ];
  if (url.username !== "" || url.password !== "") {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    defaults.push(["authorization", `Basic ${Buffer.from(pair, "utf8").toString("base64")}`]);
    url.username = "";
    url.password = "";
  }
  return {
    method: request.method.toUpperCase(),
    url,
    headers: [...headers, ...defaults.filter(([name]) => !has(headers, name))],
    body: request.body,
  };
};

const flatten = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): readonly (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((item): readonly [string, string] => [name, item]),
  );

const single = (value: string | string[] | undefined): string => [value ?? ""].flat().join(", ");

/** Sends one hop and reads its answer, or only its head where a redirect follows. */
const sendHop = async (
  request: HttpRequest,
  hop: Hop,
  dispatcher: Dispatcher,
): Promise<{ readonly response: HttpResponse; readonly location: string | null }> => {
  const stall = new AbortController();
  const response = await send(hop.url, {
    dispatcher,
    method: hop.method,
    headers: [
      ...hop.headers.flat(),
      ...(needsPacing(hop.body) ? ["content-length", String(hop.body.length)] : []),
    ],
    body: needsPacing(hop.body)
      ? Readable.from(
          paceBody(hop.body, request.writeTimeoutMs, (error) => stall.abort(error)),
          { objectMode: false, highWaterMark: 1 },
        )
      : hop.body,
    signal: AbortSignal.any([request.signal, stall.signal]),
  });
  const location = response.headers["location"] === undefined ? null : single(response.headers["location"]);
  const isBodiless = hop.method === "HEAD" || response.statusCode === 204 || response.statusCode === 304;
  const coding = isBodiless ? "" : single(response.headers["content-encoding"]);
  const body =
    planRedirect(hop, response.statusCode, location).kind === "final"
      ? await readUnpacked(response.body, coding, request.maxResponseBytes)
      : new Uint8Array();
  if (!response.body.destroyed) response.body.on("error", () => undefined).destroy();
  return {
    response: { status: response.statusCode, url: hop.url.href, headers: flatten(response.headers), body },
    location,
  };
};

/** Follows redirects to the last answer; each hop passes the guard anew since each opens its own connection. */
const follow = async (
  request: HttpRequest,
  start: Hop,
  settings: Settings,
): Promise<NodeResult<HttpResponse>> => {
  const agent = new Agent({
    connect: createGuardedConnector({ ...settings, ...request }),
    headersTimeout: request.readTimeoutMs,
    bodyTimeout: request.readTimeoutMs,
    pipelining: 0,
    allowH2: false,
  });
  try {
    let hop = start;
    for (let redirects = 0; ; redirects += 1) {
      const from = await settings.prepare(hop);
      if ("refused" in from) return refuse("HttpRequestNodeError", from.refused);
      const search = request.mayBeSent === true && redirects === 0 ? await settings.findSent(from) : null;
      if (search !== null) {
        const found = search.find((await sendHop(request, search.ask, agent)).response);
        if (found !== null) return { ok: true, value: found };
      }
      const { response, location } = await (isReading(from.method)
        ? sendHop(request, from, agent)
        : sendBehindFence(agent, (dispatcher) => sendHop(request, from, dispatcher)));
      const plan = planRedirect(hop, response.status, location);
      if (plan.kind === "final") return { ok: true, value: response };
      if (plan.kind === "broken") return refuse("HttpRequestNodeError", plan.what);
      if (redirects >= settings.maxRedirects) {
        const named = { most: settings.maxRedirects, origin: hop.url.origin };
        return refuse("HttpRequestNodeError", message("egress.redirects-over", named));
      }
      hop = plan.hop;
    }
  } finally {
    await agent.destroy();
  }
};

/**
 * An HTTP client for flows that reaches the public Internet and, beyond it, only what the operator lists.
 * Every connection is judged after resolution, on the address that is connected, and so again on every
 * redirect. Failures are values whose message holds neither path nor query of a URL, where secrets
 * live. Throws `ConfigError` at once when `allow` cannot be read; `send` rejects only when its signal is aborted or the
 * fence that it is called behind refuses the write.
 */
export const createGuardedHttpClient = (options: GuardedHttpClientOptions): HttpClient => {
  const settings: Settings = {
    policy: parseEgressPolicy(options.allow),
    maxRedirects: options.maxRedirects ?? 10,
    resolve: options.resolve ?? systemResolver,
    userAgent: options.userAgent ?? "Reviewflow",
    prepare: options.prepare ?? (async (hop) => hop),
    findSent: options.findSent ?? (async () => null),
  };
  return {
    send: async (request) => {
      request.signal.throwIfAborted();
      const url = parseUrl(request.url);
      if (url === null) return refuse("InvalidURLError", message("egress.url-invalid"));
      if (!TOKEN.test(request.method) || REFUSED_METHODS.has(request.method.toUpperCase())) {
        return refuse("InvalidHttpMethodError", message("egress.method-invalid", { method: request.method }));
      }
      try {
        return await follow(request, firstHop(request, url, settings.userAgent), settings);
      } catch (error) {
        request.signal.throwIfAborted();
        if (error instanceof StoreError) throw error;
        return toFailure(error, url.origin, describeError(error));
      }
    },
  };
};
