import { BlockList, isIP } from "node:net";
import type { Context } from "hono";
import { z } from "zod";
import type { AccessOptions } from "./dashboard-options.ts";

/** What somebody finds who has not signed in. */
export type Access =
  /** The pages: nobody else can reach them. */
  | "open"
  /** The sign-in. */
  | "sign-in"
  /** Nothing: others can reach the server, and there is no way to sign in. */
  | "no-sign-in"
  /** Nothing: the pages are open, but this request did not come from this machine alone. */
  | "not-local";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether a host, with or without its port, is a loopback address or the name for one. */
export const isLoopback = (host: string): boolean => {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1];
  const parts = host.split(":");
  const name = (bracketed ?? (parts.length === 2 ? parts[0] : host) ?? "").toLowerCase();
  if (name === "localhost") return true;
  const family = isIP(name);
  return family !== 0 && LOOPBACK.check(name, family === 4 ? "ipv4" : "ipv6");
};

/** Headers by which proxies, tunnels and networks of proxies say for whom they ask, besides `X-Forwarded-` and more. */
const PROXY_HEADERS: ReadonlySet<string> = new Set([
  "cdn-loop",
  "cf-connecting-ip",
  "cf-ray",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded",
  "true-client-ip",
  "via",
  "x-amzn-trace-id",
  "x-azure-clientip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-original-forwarded-for",
  "x-real-ip",
  "x-remote-addr",
]);

const isOfProxy = (name: string): boolean => PROXY_HEADERS.has(name) || name.startsWith("x-forwarded-");

/** The protocol of a request; what came over no connection is of today. */
const Connection = z.object({ incoming: z.object({ httpVersion: z.string() }) });

/**
 * Whether a request over a loopback connection is of somebody on this machine: a proxy in front of us would open it
 * to the world, and a foreign name in Host is a web page that had its own name resolved to a loopback address (DNS
 * rebinding). A proxy that says nothing of itself is known by speaking HTTP/1.0, which nginx does unless told
 * otherwise.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version
 */
export const isForThisMachine = (context: Context): boolean => {
  const headers = context.req.header();
  return (
    isLoopback(headers["host"] ?? "") &&
    !Object.keys(headers).some(isOfProxy) &&
    Connection.safeParse(context.env).data?.incoming.httpVersion !== "1.0"
  );
};

/**
 * Decides by the configuration and the request's headers. Without a way to sign in, pages are for this
 * machine alone.
 */
export const decideAccess = ({ host, adminToken, gitlab }: AccessOptions, context: Context): Access => {
  if (adminToken !== null || gitlab !== null) return "sign-in";
  if (!isLoopback(host)) return "no-sign-in";
  return isForThisMachine(context) ? "open" : "not-local";
};

/**
 * Whether a request that changes something was sent by one of our own pages, as far as the browser tells
 * (Fetch metadata and Origin). Who sends neither is no browser of today and is refused.
 */
export const isSameOrigin = (
  headers: Readonly<Record<string, string | undefined>>,
  publicUrl: string | null,
): boolean => {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  const origin = URL.parse(headers["origin"] ?? "");
  if (origin === null) return false;
  const isOurs = publicUrl !== null && URL.parse(publicUrl)?.origin === origin.origin;
  return isOurs || origin.host === headers["host"]?.toLowerCase();
};
